// `@` in the composer: the files of the workspace that one may mean, in a list under the keys.
(() => {
  const PAUSE = 120; // milliseconds without a key after which is asked
  const TYPED = /(^|[\s([{])@("[^"\n]*|[^\s"@]*)$/;
  const list = () => document.getElementById("mentions");
  let [box, due, asking] = [null, 0, null];

  const typed = () => {
    const before = box.value.slice(0, box.selectionStart);
    const match = box.selectionStart === box.selectionEnd && TYPED.exec(before);
    return match ? { from: before.length - match[2].length, letters: match[2].replace('"', "") } : null;
  };
  const isOpen = () => Boolean(box && list() && !list().hidden);
  const close = () => {
    clearTimeout(due);
    asking?.abort();
    if (!isOpen()) return;
    list().hidden = true;
    for (const name of ["role", "aria-expanded", "aria-controls", "aria-activedescendant", "aria-autocomplete"])
      box.removeAttribute(name);
  };
  const options = () => [...list().children];
  const choose = (chosen) => {
    for (const option of options()) option.ariaSelected = String(option === chosen);
    box.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  };
  const open = (paths) => {
    if (!paths.length) return close();
    list().replaceChildren(...paths.map((path, place) => {
      const option = document.createElement("li");
      Object.assign(option, { id: `mention-${place}`, role: "option", textContent: path });
      return option;
    }));
    list().hidden = false;
    const named = { role: "combobox", "aria-expanded": "true", "aria-controls": "mentions", "aria-autocomplete": "list" };
    for (const [name, value] of Object.entries(named)) box.setAttribute(name, value);
    choose(options()[0]);
  };
  const ask = async () => {
    const session = document.getElementById("prompt").dataset.session;
    const now = typed();
    if (!now || !session) return close();
    asking?.abort();
    asking = new AbortController();
    const address = `/api/v1/sessions/${session}/paths?q=${encodeURIComponent(now.letters.slice(0, 200))}`;
    try {
      const answer = await fetch(address, { signal: asking.signal });
      if (answer.ok && typed()?.letters === now.letters) open(await answer.json());
    } catch {
      // A later key has asked anew, or nobody answers: then there is no list.
    }
  };
  const take = (option) => {
    const [{ from }, path] = [typed() ?? { from: -1 }, option.textContent];
    close();
    if (from < 0) return;
    const isFolder = path.endsWith("/"); // one goes on within it
    const mention = /\s/.test(path) ? `"${path}${isFolder ? "" : '"'}` : path;
    box.setRangeText(mention + (isFolder ? "" : " "), from, box.selectionStart, "end");
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const step = (by) => {
    const all = options();
    const place = all.findIndex((option) => option.ariaSelected === "true");
    choose(all[(place + by + all.length) % all.length]);
  };
  const KEYS = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: () => take(options().find((option) => option.ariaSelected === "true")),
    Tab: () => take(options().find((option) => option.ariaSelected === "true")),
    Escape: close,
  };

  // Before the page hears of the key: Enter would send, Escape would stop the turn.
  addEventListener("keydown", (event) => {
    const hasMore = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
    if (event.target.id !== "composer" || !isOpen() || event.isComposing || hasMore || !KEYS[event.key]) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    KEYS[event.key]();
  }, true);
  document.addEventListener("input", ({ target }) => {
    if (target.id !== "composer") return;
    box = target;
    clearTimeout(due);
    if (!typed()) close();
    else due = setTimeout(ask, PAUSE);
  });
  document.addEventListener("focusout", ({ target }) => target === box && close());
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest?.("#mentions > li");
    if (!option) return;
    event.preventDefault(); // the words keep the focus
    take(option);
  });
})();
