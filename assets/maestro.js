// What Reflex cannot say: prompts that are edited in place.
(() => {
  addEventListener("keydown", (event) => {
    const edit = event.target.closest?.(".edit[open]");
    if (event.key === "Escape" && edit && !event.isComposing) edit.querySelector("form").reset();
  });

  // Reflex sends the form at any Enter; a box nobody sees says that it steers.
  addEventListener("keydown", (event) => {
    const { key, shiftKey, target } = event;
    const steers = target.id === "composer" && window.maestroKeys.steers(event);
    if (target.id !== "composer" || (key !== "Enter" && !steers)) return;
    target.form.elements.steers.checked = steers;
    if (!steers || (key === "Enter" && !shiftKey)) return;
    event.preventDefault();
    target.form.requestSubmit();
  }, true);

  // A waiting prompt is edited in place; saved or cancelled, it is shown again.
  const toComposer = () => matchMedia("(hover: hover)").matches && document.getElementById("composer")?.focus();
  document.addEventListener("toggle", ({ target }) => {
    if (!target.matches(".edit[open]")) return;
    const box = target.querySelector("textarea");
    target.dataset.page = location.pathname;
    box.dispatchEvent(new Event("input", { bubbles: true })); // it takes the height of its words
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
    target.scrollIntoView({ block: "nearest" });
  }, true);
  const shut = ({ type, target }) => {
    const edit = target.closest(".edit");
    if (!edit) return;
    edit.open = false;
    if (type === "reset") edit.querySelector("summary").focus();
    else toComposer();
  };
  document.addEventListener("submit", shut, true);
  document.addEventListener("reset", shut, true);

  // Its turn may begin before it is saved: then what was typed is not lost.
  const rescue = (node) => {
    const edit = node.matches?.(".edit[open]") ? node : node.querySelector?.(".edit[open]");
    const [typed, composer] = [edit?.querySelector("textarea"), document.getElementById("composer")];
    if (!typed || typed.value === typed.defaultValue || edit.dataset.page !== location.pathname) return;
    if (!composer || composer.value) return;
    composer.value = typed.value;
    composer.dispatchEvent(new Event("input", { bubbles: true }));
    composer.focus();
  };

  // Where a question was, the next prompt is typed; on a phone that would raise the keyboard.
  let answered = false;
  addEventListener("click", (event) => {
    answered = Boolean(event.target.closest?.("[data-answer], .waiting > .choices > button"));
  });
  new MutationObserver((changes) => {
    for (const change of changes) change.removedNodes.forEach(rescue);
    if (answered && document.activeElement === document.body) {
      answered = false;
      toComposer();
    }
  }).observe(document.documentElement, { subtree: true, childList: true });
})();
