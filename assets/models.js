// The list of models: filtered by what is typed over it, moved through with arrows; a typed id is always one of them.
(() => {
  const popover = () => document.getElementById("models");
  const field = () => document.getElementById("model-search");
  const use = () => document.getElementById("use-model");
  const offered = () => [...popover().querySelectorAll(".offered button")];
  const idOf = (one) => one.firstElementChild.textContent;
  const stops = () => [field(), ...[use(), ...offered()].filter((one) => !one.hidden)];

  const filter = () => {
    const typed = field().value.trim();
    const words = typed.toLowerCase().split(/\s+/);
    for (const one of offered()) one.hidden = !words.every((word) => one.textContent.toLowerCase().includes(word));
    const isFound = offered().some((one) => idOf(one) === typed || (!one.hidden && !typed.includes(":")));
    use().hidden = !typed || isFound;
    use().lastElementChild.textContent = typed;
  };
  const pick = () => {
    const [typed, found] = [field().value.trim(), offered().filter((one) => !one.hidden)];
    const exact = found.find((one) => idOf(one) === typed);
    // What looks like an id is one, even where the list knows a longer one.
    if (exact) exact.click();
    else if (typed.includes(":") || !found.length) use().click();
    else if (typed) found[0].click();
  };
  const step = (by) => {
    const all = stops();
    all[(all.indexOf(document.activeElement) + by + all.length) % all.length].focus();
  };

  document.addEventListener("input", ({ target }) => target === field() && filter());
  addEventListener("keydown", (event) => {
    if (!popover()?.contains(event.target) || event.isComposing || !stops().includes(event.target)) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter" && event.target === field()) pick();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("submit", ({ target }) => target.id === "model-form" && popover().hidePopover());
  document.addEventListener("toggle", ({ target, newState }) => {
    if (target !== popover() || newState !== "open") return;
    field().value = "";
    filter();
    if (matchMedia("(hover: hover)").matches) field().focus(); // on a phone that would raise the keyboard
  }, true);
})();
