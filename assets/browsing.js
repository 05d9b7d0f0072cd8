// What Reflex cannot say: Escape leaves a name as it was, and the actions of a row close with what they do.
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
})();
