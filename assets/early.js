// Whoever sends before the page is alive is heard once it is: a browser by itself would load the page anew.
(() => {
  const LOOK = 20; // milliseconds until it is tried again
  const waiting = new WeakSet();

  // What reaches the window, nobody has taken.
  addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || form.hasAttribute("action") || form.method === "dialog") return;
    event.preventDefault();
    if (waiting.has(form)) return; // once is enough
    waiting.add(form);
    setTimeout(() => {
      waiting.delete(form);
      if (form.isConnected) form.requestSubmit(submitter);
    }, LOOK);
  });
  addEventListener("keydown", (event) => {
    const { key, shiftKey, isComposing, defaultPrevented, target } = event;
    if (target.id !== "composer" || key !== "Enter" || shiftKey || isComposing || defaultPrevented) return;
    event.preventDefault();
    target.form.requestSubmit();
  });
})();
