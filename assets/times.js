// When something was said, and since when something goes on; the hour by pointing at it; and the buttons that fork or try again.
(() => {
  const PAUSE = 500; // milliseconds in which what was drawn gets its words
  const ROUND = 30_000; // milliseconds after which they are out of date
  const SECOND = 1000;
  const UNITS = [["day", 86_400], ["hour", 3600], ["minute", 60]];
  let ago = null; // made when it is needed: that takes as long as drawing a page
  const counts = {}; // and so are those of each unit
  let whole = null;

  const said = (seconds) => {
    const [unit, size] = UNITS.find(([, long]) => seconds >= long) ?? [];
    ago ??= new Intl.RelativeTimeFormat("en", { numeric: "auto" });
    return unit ? ago.format(-Math.floor(seconds / size), unit) : "just now";
  };
  // In a list there is room for "5m".
  const short = (seconds) => {
    const [unit, size] = UNITS.find(([, long]) => seconds >= long) ?? [];
    if (!unit) return "now";
    counts[unit] ??= new Intl.NumberFormat("en", { style: "unit", unit, unitDisplay: "narrow" });
    return counts[unit].format(Math.floor(seconds / size));
  };
  const write = (selector) => {
    for (const one of document.querySelectorAll(selector)) {
      const at = new Date(one.dateTime);
      one.dataset.age = (one.dataset.ago === "short" ? short : said)((Date.now() - at) / 1000);
      one.dataset.ageOf = one.dateTime;
      whole ??= new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
      one.title = Number.isNaN(at.getTime()) ? "" : whole.format(at);
    }
  };
  setInterval(() => write("time[data-ago]"), ROUND);

  // What goes on counts its seconds, from when it began.
  const count = () => {
    for (const one of document.querySelectorAll("[data-since]")) {
      const seconds = Math.floor((Date.now() - new Date(one.dataset.since)) / 1000);
      const [minutes, rest] = [Math.floor(seconds / 60), String(Math.max(0, seconds) % 60).padStart(2, "0")];
      if (seconds >= 1) one.dataset.lasted = `${minutes}:${rest}`;
      else delete one.dataset.lasted; // at rest, or just begun
    }
  };
  setInterval(count, SECOND);
  let due = 0;
  new MutationObserver(() => {
    due ||= setTimeout(() => {
      due = 0;
      for (const one of document.querySelectorAll("time[data-age-of]")) {
        if (one.dataset.ageOf !== one.dateTime) delete one.dataset.age; // it stands for something else by now
      }
      write("time[data-ago]:not([data-age])");
      count();
    }, PAUSE);
  }).observe(document.documentElement, { subtree: true, childList: true });

  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-fork], [data-again]");
    if (!button) return;
    const form = document.getElementById(button.dataset.fork ? "fork" : "again");
    form.elements.turn_id.value = button.dataset.fork ?? button.dataset.again;
    form.requestSubmit();
  });
})();
