// The settings' section that the address names stays in sight while those above it are filled in, until somebody moves.
(() => {
  let [settings, wanted] = [null, ""];
  const go = () => wanted && document.getElementById(wanted)?.scrollIntoView();
  const want = () => {
    wanted = settings ? location.hash.slice(1) : "";
    go();
  };
  addEventListener("hashchange", want);
  for (const moved of ["wheel", "touchmove", "pointerdown", "keydown"]) {
    addEventListener(moved, () => (wanted = ""), { capture: true, passive: true });
  }
  new MutationObserver(() => {
    const found = document.getElementById("settings");
    if (found === settings) return go();
    settings = found;
    want();
  }).observe(document.documentElement, { subtree: true, childList: true });
})();
