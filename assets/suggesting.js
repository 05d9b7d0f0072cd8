// The list over the composer: what the letters typed so far may mean, moved through under the keys.
(() => {
  // What may be meant comes from others: typed(before, after) gives { from, letters } or nothing, find(letters, signal)
  // gives [{ text, note, … }], take(box, from, chosen, isDone) writes it. `pause` is how long a key waits, in milliseconds.
  const sources = (window.maestroSuggestions = []);
  const list = () => document.getElementById("mentions");
  let [box, due, asking, known] = [null, 0, null, []];

  const typed = () => {
    if (box.selectionStart !== box.selectionEnd) return null;
    const around = [box.value.slice(0, box.selectionStart), box.value.slice(box.selectionEnd)];
    const found = sources.map((source) => ({ source, ...source.typed(...around) }));
    return found.find(({ letters }) => letters !== undefined) ?? null;
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
  const chosen = () => options().findIndex((option) => option.ariaSelected === "true");
  const choose = (place) => {
    const all = options();
    all.forEach((option, at) => (option.ariaSelected = String(at === place)));
    box.setAttribute("aria-activedescendant", all[place].id);
    all[place].scrollIntoView({ block: "nearest" });
  };
  const drawn = ({ text, note }, place) => {
    const option = document.createElement("li");
    Object.assign(option, { id: `mention-${place}`, role: "option", textContent: text });
    if (note) option.append(Object.assign(document.createElement("small"), { textContent: note }));
    return option;
  };
  const open = (found) => {
    if (!found.length) return close();
    known = found;
    list().replaceChildren(...found.map(drawn));
    list().hidden = false;
    const named = { role: "combobox", "aria-expanded": "true", "aria-controls": "mentions", "aria-autocomplete": "list" };
    for (const [name, value] of Object.entries(named)) box.setAttribute(name, value);
    choose(0);
  };
  const ask = async () => {
    const now = typed();
    if (!now) return close();
    asking?.abort();
    asking = new AbortController();
    try {
      const found = await now.source.find(now.letters, asking.signal);
      if (typed()?.letters === now.letters) open(found);
    } catch {
      // A later key has asked anew, or nobody answers: then there is no list.
    }
  };
  const take = (place, isDone) => {
    const now = typed();
    close();
    if (!now) return;
    now.source.take(box, now.from, known[place], isDone);
    if (box.value) box.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const step = (by) => choose((chosen() + by + options().length) % options().length);
  const KEYS = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: () => take(chosen(), true),
    Tab: () => take(chosen(), false),
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
    const now = typed();
    if (!now) close();
    else due = setTimeout(ask, now.source.pause ?? 0);
  });
  document.addEventListener("focusout", ({ target }) => target === box && close());
  document.addEventListener("reset", ({ target }) => target === box?.form && close());
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest?.("#mentions > li");
    if (!option) return;
    event.preventDefault(); // the words keep the focus
    take(options().indexOf(option), true);
  });
})();
