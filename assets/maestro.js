// What Reflex cannot say: keys that work everywhere on the page, and a transcript that follows its end.
(() => {
  const NEAR = 80; // pixels from the end within which the transcript follows

  addEventListener("keydown", (event) => {
    const mod = event.ctrlKey || event.metaKey;
    if (event.key === "Escape" && !document.querySelector(":popover-open")) {
      document.getElementById("stop")?.click();
    } else if (event.key === "Escape" && event.shiftKey) {
      document.getElementById("composer")?.focus();
    } else if (mod && event.shiftKey && event.key.toLowerCase() === "o") {
      event.preventDefault();
      document.getElementById("new-session")?.click();
    }
  });

  let follows = true;
  let due = false;
  const follow = () => {
    due = false;
    const transcript = document.getElementById("transcript");
    if (transcript && follows) transcript.scrollTop = transcript.scrollHeight;
  };
  document.addEventListener(
    "scroll",
    ({ target }) => {
      if (target.id !== "transcript") return;
      follows = target.scrollHeight - target.scrollTop - target.clientHeight < NEAR;
    },
    true,
  );
  new MutationObserver((changes) => {
    const prompted = changes.some((change) =>
      [...change.addedNodes].some((node) => node.dataset?.role === "user"),
    );
    if (prompted) follows = true; // what one has just sent is what one wants to see
    if (follows && !due) due = Boolean(requestAnimationFrame(follow));
  }).observe(document.documentElement, { subtree: true, childList: true, characterData: true });
})();
