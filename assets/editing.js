// An earlier prompt in the composer, to be changed and sent again; Escape leaves it, and what was typed is back.
(() => {
  const form = () => document.getElementById("prompt");
  const box = () => document.getElementById("composer");
  const banner = () => document.getElementById("editing");
  const isEditing = () => Boolean(form()?.elements.edits.value);
  let [typed, session] = ["", ""]; // what stood there before, and where

  const put = (text) => {
    box().value = text;
    box().dispatchEvent(new Event("input", { bubbles: true })); // it takes the height of its words
    box().setSelectionRange(text.length, text.length);
  };
  const mark = (id) => {
    document.querySelector(".prompt[data-edited]")?.removeAttribute("data-edited");
    form().elements.edits.value = id;
    banner().hidden = !id;
    if (id) document.getElementById(`row-${id}`)?.setAttribute("data-edited", "");
  };
  const begin = (button) => {
    if (!isEditing()) typed = box().value;
    session = form().dataset.session;
    mark(button.dataset.edit);
    put(button.parentElement.previousElementSibling.textContent);
    box().focus();
  };
  const leave = () => {
    mark("");
    put(typed);
    box().focus();
  };

  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-edit]");
    if (button) begin(button);
    else if (target.closest?.("#editing button")) leave();
  });
  // Before the page hears of it: there, Escape stops the turn.
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.target !== box() || !isEditing() || event.isComposing) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    leave();
  }, true);
  document.addEventListener("reset", ({ target }) => target === form() && isEditing() && mark(""));
  // Another session is another talk: its words are its own.
  new MutationObserver(() => {
    if (isEditing() && form().dataset.session !== session) mark("");
  }).observe(document.documentElement, { subtree: true, attributes: true, attributeFilter: ["data-session"] });
})();
