// The settings' section that the address names stays in sight while those above it are filled in, until somebody moves.
(() => {
  let [settings, wanted] = [null, ""];
  const go = () => {
    if (wanted) document.getElementById(wanted)?.scrollIntoView();
    if (settings) mark();
  };
  const want = () => {
    wanted = settings ? location.hash.slice(1) : "";
    go();
  };
  // Which section one reads is marked in the list of them.
  const mark = () => {
    const all = [...settings.querySelectorAll("section[id]")];
    const [{ top }, named] = [settings.getBoundingClientRect(), document.getElementById(location.hash.slice(1))];
    const isEnd = settings.scrollTop > 0 && settings.scrollTop + settings.clientHeight >= settings.scrollHeight - 2;
    const isNamed = isEnd && all.includes(named) && named.getBoundingClientRect().top >= top;
    const passed = all.filter((one) => one.getBoundingClientRect().top <= top + 120);
    const read = isNamed ? named : isEnd ? all.at(-1) : passed.at(-1) ?? all[0];
    for (const link of settings.querySelectorAll(".contents a")) {
      const isRead = String(link.hash === `#${read?.id}`);
      if (link.ariaCurrent !== isRead) link.ariaCurrent = isRead;
    }
  };
  document.addEventListener("scroll", ({ target }) => target === settings && mark(), { capture: true, passive: true });
  addEventListener("hashchange", want);
  for (const moved of ["wheel", "touchmove", "pointerdown", "keydown"]) {
    addEventListener(moved, () => (wanted = ""), { capture: true, passive: true });
  }
  const look = () => {
    const found = document.getElementById("settings");
    if (found === settings) return void go();
    settings = found;
    want();
  };
  new MutationObserver(look).observe(document.documentElement, { subtree: true, childList: true });
  look(); // it may be drawn already
})();
