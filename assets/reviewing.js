// Changes are read by keys: ] and [ lead from one to the next and back, n and p from file to file, v ticks a file off.
(() => {
  const FILES = "#drawer .changed > summary";
  const CHANGES = "#drawer .changed[open] .part:not(:has(> .twin))"; // what is the same on both sides is none
  const STEPS = { "]": [CHANGES, 1], "[": [CHANGES, -1], n: [FILES, 1], p: [FILES, -1] };

  const isBy = (one, here) =>
    one.contains(here) || Boolean(one.compareDocumentPosition(here) & Node.DOCUMENT_POSITION_FOLLOWING);
  const step = (selector, by, here) => {
    const all = [...document.querySelectorAll(selector)];
    const at = all.findLastIndex((one) => isBy(one, here)); // the last that is not behind where one is
    const isBetween = by < 0 && at >= 0 && !all[at].contains(here);
    const found = all[isBetween ? at : at + by];
    if (!found) return;
    if (found.tabIndex < 0) found.tabIndex = -1;
    found.focus({ preventScroll: true });
    found.scrollIntoView({ block: selector === FILES ? "nearest" : "center" });
  };

  addEventListener("keydown", (event) => {
    const here = event.target;
    if (!here.closest?.("#drawer") || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (here.matches("select, input:not([type=checkbox]), textarea") || !document.querySelector(FILES)) return;
    const ticked = event.key === "v" && here.closest(".changed")?.querySelector("[data-viewed]");
    if (!ticked && !(event.key in STEPS)) return;
    event.preventDefault();
    if (ticked) ticked.click();
    else step(...STEPS[event.key], here);
  });
  // What is ticked off closes, and one goes on with the next.
  document.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-viewed]")) return;
    const file = target.closest(".changed");
    file.open = !target.checked;
    const summary = file.querySelector("summary");
    if (!file.contains(document.activeElement)) return;
    summary.focus();
    if (target.checked) step(FILES, 1, summary);
  });
})();
