// The palette: filters what stands in it with each letter, and is moved through without leaving its field.
(() => {
  const RECENT = 5; // sessions that stand there before anything is looked for
  const ASKED = "@?"; // groups that are there only for those who ask for them
  const palette = () => document.getElementById("palette");
  const options = () => [...palette().querySelectorAll("[role=option]")];
  const visible = () => options().filter((one) => !one.hidden);
  const field = () => document.getElementById("palette-field");

  const choose = (one) => {
    const before = palette().querySelector("[aria-selected=true]");
    if (before !== one) before?.setAttribute("aria-selected", "false");
    one?.setAttribute("aria-selected", "true");
    one?.scrollIntoView({ block: "nearest" });
    if (one) field().setAttribute("aria-activedescendant", one.id);
    else field().removeAttribute("aria-activedescendant");
  };

  const isListed = (found) => found.href && options().some((one) => one !== found && !one.hidden && one.href === found.href);
  // Each word must be there; what the server found stays while its words do.
  const fits = (one, prefix, words, place) => {
    const { prefix: own } = one.parentElement.dataset;
    if ((prefix || ASKED.includes(own)) && ![own, one.dataset.also].includes(prefix)) return false;
    if (one.dataset.needs && !document.querySelector(one.dataset.needs)) return false;
    if (one.dataset.foundBy !== undefined) return one.dataset.foundBy === field().value.trim() && !isListed(one);
    if (!words.length) return own !== "#" || prefix || place < RECENT;
    const text = one.textContent.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const filter = () => {
    const typed = field().value.trim().toLowerCase();
    const prefix = /^[>#@?]/.exec(typed)?.[0] ?? "";
    const words = typed.slice(prefix.length).split(/\s+/).filter(Boolean);
    options().forEach((one, place) => {
      one.id ||= `option-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
      one.hidden = !fits(one, prefix, words, place);
      if (!one.hasAttribute("aria-selected")) one.setAttribute("aria-selected", "false");
    });
    for (const group of palette().querySelectorAll("[role=group]")) {
      group.hidden = !group.querySelector("[role=option]:not([hidden])");
    }
    palette().querySelector(".nothing-here").hidden = visible().length > 0;
    if (!palette().querySelector("[aria-selected=true]:not([hidden])")) choose(visible()[0]);
  };

  const clear = () => {
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    set.call(field(), ""); // so that React hears of it
    field().dispatchEvent(new Event("input", { bubbles: true }));
    filter();
    choose(visible()[0]);
  };
  const move = (by) => {
    const all = visible();
    const at = all.findIndex((one) => one.ariaSelected === "true");
    choose(all[(at + by + all.length) % all.length]);
  };
  const KEYS = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => palette().querySelector("[aria-selected=true]:not([hidden])")?.click(),
  };

  addEventListener("keydown", (event) => {
    if (event.target !== field() || event.isComposing || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key]();
  }, true);
  document.addEventListener("input", ({ target }) => {
    if (target !== field()) return;
    filter();
    choose(visible()[0]);
  });
  document.addEventListener("focusin", ({ target }) => target === field() && clear());
  // Before what was chosen is done: it may lead the focus elsewhere.
  addEventListener("click", ({ target }) => {
    if (target === palette() || target.closest?.("#palette [role=option]")) palette().close();
  }, true);
  new MutationObserver((changes) => {
    const isOurs = ({ target, addedNodes }) => addedNodes.length && target.closest?.("#palette-list");
    if (palette()?.open && changes.some(isOurs)) filter();
  }).observe(document.documentElement, { subtree: true, childList: true });
})();
