// What Reflex cannot say: the focus goes into the drawer and back, tabs are walked by arrows, outputs are asked for.
(() => {
  const OVER = matchMedia("(max-width: 1439px)"); // where it lies over the page
  const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
  const find = (selector) => document.querySelector(selector);
  const tabs = () => [...document.querySelectorAll("#drawer [role=tab]")];

  let [was, before, wanted] = [null, null, false]; // the drawer, where the focus was, whether it shall go in
  const enter = () => find("#drawer [role=tab][aria-selected=true]")?.focus();
  const leave = () => {
    if (document.activeElement !== document.body) return; // somebody works elsewhere already
    if (before?.isConnected) before.focus();
    else find("#open-drawer")?.focus();
  };
  const settle = () => {
    const now = find("#drawer");
    const isOver = Boolean(now) && OVER.matches;
    // Found one by one: for both at once a browser looks through all of the page, at each new word.
    for (const one of [find("main"), find("#sidebar")]) if (one && one.inert !== isOver) one.inert = isOver;
    if (now && !was && (wanted || isOver)) enter();
    if (!now && was) leave();
    if (Boolean(now) !== Boolean(was)) wanted = false;
    was = now;
  };
  new MutationObserver(settle).observe(document.documentElement, { subtree: true, childList: true });
  OVER.addEventListener("change", settle);

  addEventListener("click", ({ target, detail }) => {
    const opener = target.closest?.("#open-drawer, #open-changes, [data-open-all]");
    if (!opener) return;
    if (!find("#drawer")) before = document.activeElement;
    wanted = detail === 0; // no mouse: a key
    if (opener.id === "open-changes" && find("#drawer")) find("#tab-changes").focus();
    if (!opener.dataset.openAll) return;
    const form = find("#open-output");
    form.elements.call_id.value = opener.dataset.openAll;
    form.requestSubmit();
  }, true);

  addEventListener("keydown", (event) => {
    const drawer = event.target.closest?.("#drawer");
    if (!drawer || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && !find("dialog[open], :popover-open")) {
      event.stopPropagation(); // a turn that runs goes on
      find("#close-drawer").click();
    }
    if (!event.target.matches("[role=tab]") || !(event.key in STEPS)) return;
    event.preventDefault();
    const all = tabs();
    const by = STEPS[event.key];
    const at = all.indexOf(event.target) + by;
    const next = Math.abs(by) === 1 ? all.at(at % all.length) : all.at(by < 0 ? 0 : -1);
    next.focus();
    next.click();
  }, true);
})();
