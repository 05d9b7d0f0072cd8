// What Reflex cannot say: Escape leaves a name as it was, the actions of a row close with what they do, and
// words that are typed before the page is alive are looked for.
(() => {
  addEventListener("keydown", (event) => {
    const form = event.target.closest?.(".rename");
    if (event.key !== "Escape" || event.isComposing || !form) return;
    event.stopPropagation();
    form.querySelector("[type=reset]").click();
  }, true);
  addEventListener("click", ({ target }) => {
    if (target.closest?.(".actions a")) target.closest(".actions").hidePopover();
  });

  // The box is drawn anew when the page has arrived, with the words of its address.
  let [box, typed, due] = [null, null, 0];
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  const type = (text) => {
    set.call(box, text); // so that React hears of it
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const look = () => {
    const found = document.getElementById("search");
    if (found === box) return;
    if (found && !Object.keys(found).length) { // until React has taken it over, it hears nothing
      typed = found.value === found.defaultValue ? null : { text: found.value, href: location.href };
      due ||= setTimeout(() => { due = 0; look(); }, 20);
      return;
    }
    const [isFirst, text] = [!box, found?.value ?? ""];
    box = found;
    if (!box) typed = null;
    else if (isFirst && text !== box.defaultValue) ["", text].forEach(type); // what is as it was is not heard
    else if (typed?.href === location.href && !text) type(typed.text);
  };
  document.addEventListener("input", ({ target }) => {
    if (target.id === "search") typed = { text: target.value, href: location.href };
  });
  document.addEventListener("click", ({ target }) => target.closest?.("[data-clears]") && (typed = null), true);
  new MutationObserver(look).observe(document.documentElement, { subtree: true, childList: true });
  look();
})();
