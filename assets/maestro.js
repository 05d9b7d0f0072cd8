// What Reflex cannot say: keys that work everywhere on the page, and a transcript that follows its end.
(() => {
  const NEAR = 80; // pixels from the end within which the transcript follows

  addEventListener("keydown", (event) => {
    const mod = event.ctrlKey || event.metaKey;
    if (event.isComposing) return;
    const edit = event.target.closest?.(".edit[open]");
    if (event.key === "Escape" && edit) {
      edit.querySelector("form").reset();
    } else if (event.key === "Escape" && event.shiftKey) {
      document.getElementById("composer")?.focus();
    } else if (event.key === "Escape" && !document.querySelector(":popover-open")) {
      document.getElementById("stop")?.click();
    } else if (mod && event.shiftKey && event.key.toLowerCase() === "o") {
      event.preventDefault();
      document.getElementById("new-session")?.click();
    }
  });

  // Reflex sends the form at any Enter; a box nobody sees says that it steers.
  addEventListener("keydown", ({ key, target, ctrlKey, metaKey }) => {
    if (key === "Enter" && target.id === "composer") target.form.elements.steers.checked = ctrlKey || metaKey;
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

  let follows = true;
  let [top, first] = [0, null]; // of the transcript, when we last looked

  // Only a person moves up; what has grown since we went to its end has not.
  const look = (transcript) => {
    const isNear = transcript.scrollHeight - transcript.scrollTop - transcript.clientHeight < NEAR;
    if (isNear || transcript.scrollTop < top) follows = isNear;
    top = transcript.scrollTop;
  };
  const settle = (isPrompted) => {
    const transcript = document.getElementById("transcript");
    if (!transcript) return;
    if (transcript.scrollTop < top) look(transcript); // its event is still on the way
    follows ||= isPrompted; // what one has just sent is what one wants to see
    // What one edits stays in place too; what an empty page says is read from its beginning.
    if (follows && !document.querySelector(".edit[open], #transcript .welcome")) transcript.scrollTop = transcript.scrollHeight;
    [top, first] = [transcript.scrollTop, transcript.querySelector("article, details, .notice")];
  };
  document.addEventListener("scroll", ({ target }) => target.id === "transcript" && look(target), true);

  // Where a question was, the next prompt is typed; on a phone that would raise the keyboard.
  let answered = false;
  addEventListener("click", (event) => {
    // The browser keeps in place what one reads when earlier rows come, but not from the very top.
    const transcript = event.target.closest?.("#transcript");
    if (transcript?.scrollTop === 0) transcript.scrollTop = 1;
    answered = Boolean(event.target.closest?.("[data-answer], .waiting > .choices > button"));
  });
  let [due, prompted] = [0, false]; // once a frame: measuring at each change would lay the page out each time
  const soon = (isPrompted) => {
    prompted ||= isPrompted;
    due ||= requestAnimationFrame(() => {
      settle(prompted);
      [due, prompted] = [0, false];
    });
  };
  const resizes = new ResizeObserver(() => settle(false)); // rows learn their height when they come into sight
  let column = null;
  new MutationObserver((changes) => {
    const found = document.querySelector("#transcript > .column");
    if (found && found !== column) {
      resizes.disconnect();
      resizes.observe(found);
      [column, top, first] = [found, 0, null];
    }
    const isEarlier = (node) => first?.isConnected && first.compareDocumentPosition(node) & 2;
    const isPrompt = (node) => node.dataset?.role === "user" && !isEarlier(node);
    for (const change of changes) change.removedNodes.forEach(rescue);
    soon(changes.some((change) => [...change.addedNodes].some(isPrompt)));
    if (answered && document.activeElement === document.body) {
      answered = false;
      toComposer();
    }
  }).observe(document.documentElement, { subtree: true, childList: true, characterData: true });
})();
