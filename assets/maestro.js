// What Reflex cannot say: keys that work everywhere on the page, and a transcript that follows its end.
(() => {
  const NEAR = 80; // pixels from the end within which the transcript follows

  addEventListener("keydown", (event) => {
    const mod = event.ctrlKey || event.metaKey;
    if (event.isComposing) return;
    if (event.key === "Escape" && event.shiftKey) {
      document.getElementById("composer")?.focus();
    } else if (event.key === "Escape" && !document.querySelector(":popover-open")) {
      document.getElementById("stop")?.click();
    } else if (mod && event.shiftKey && event.key.toLowerCase() === "o") {
      event.preventDefault();
      document.getElementById("new-session")?.click();
    }
  });

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
    if (follows) transcript.scrollTop = transcript.scrollHeight;
    [top, first] = [transcript.scrollTop, transcript.querySelector("article, details, .notice")];
  };
  document.addEventListener("scroll", ({ target }) => target.id === "transcript" && look(target), true);

  // Where a question was, the next prompt is typed; on a phone that would raise the keyboard.
  let answered = false;
  addEventListener("click", (event) => {
    // The browser keeps in place what one reads when earlier rows come, but not from the very top.
    const transcript = event.target.closest?.("#transcript");
    if (transcript?.scrollTop === 0) transcript.scrollTop = 1;
    answered = Boolean(event.target.closest?.("[data-answer]")) && matchMedia("(hover: hover)").matches;
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
    soon(changes.some((change) => [...change.addedNodes].some(isPrompt)));
    if (answered && document.activeElement === document.body) {
      answered = false;
      document.getElementById("composer")?.focus();
    }
  }).observe(document.documentElement, { subtree: true, childList: true, characterData: true });
})();
