// When something was said: how long ago in words, the hour by pointing at it; and the buttons beside it that fork.
(() => {
  const PAUSE = 500; // milliseconds in which what was drawn gets its words
  const ROUND = 30_000; // milliseconds after which they are out of date
  const UNITS = [["day", 86_400], ["hour", 3600], ["minute", 60]];
  let ago = null; // made when it is needed: that takes as long as drawing a page

  const said = (seconds) => {
    const [unit, size] = UNITS.find(([, long]) => seconds >= long) ?? [];
    ago ??= new Intl.RelativeTimeFormat("en", { numeric: "auto" });
    return unit ? ago.format(-Math.floor(seconds / size), unit) : "just now";
  };
  const write = (selector) => {
    for (const one of document.querySelectorAll(selector)) {
      const at = new Date(one.dateTime);
      one.dataset.age = said((Date.now() - at) / 1000);
      one.title = at.toLocaleString();
    }
  };
  setInterval(() => write("time[data-ago]"), ROUND);
  let due = 0;
  new MutationObserver(() => {
    due ||= setTimeout(() => {
      due = 0;
      write("time[data-ago]:not([data-age])");
    }, PAUSE);
  }).observe(document.documentElement, { subtree: true, childList: true });

  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-fork]");
    if (!button) return;
    const form = document.getElementById("fork");
    form.elements.turn_id.value = button.dataset.fork;
    form.requestSubmit();
  });
})();
