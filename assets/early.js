// Whoever sends before the page is alive is heard once it is: a browser by itself would load the page anew. And the one
// page that is drawn for all sessions does not ask what should be done, until it is known that this one is none.
(() => {
  const LOOK = 20; // milliseconds until it is tried again
  const LONGEST = 2000; // milliseconds after which there is no such session
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

  if (!location.pathname.startsWith("/s/")) return;
  const root = document.documentElement;
  root.dataset.opening = "";
  const opened = () => {
    named.disconnect();
    delete root.dataset.opening;
  };
  const named = new MutationObserver(opened);
  named.observe(root, { subtree: true, attributeFilter: ["data-session"] });
  setTimeout(opened, LONGEST);
})();
