// What a person has chosen of contrast, density and widths, before the first paint. Reflex keeps the theme.
(() => {
  const KEPT = { contrast: "system", density: "comfortable" };
  const root = document.documentElement;
  const chosen = (name) => {
    try {
      return localStorage.getItem(`maestro-${name}`) ?? KEPT[name];
    } catch {
      return KEPT[name]; // a browser that keeps nothing
    }
  };
  const wide = (name) => {
    try {
      return Number(localStorage.getItem(`maestro-width-${name}`));
    } catch {
      return 0;
    }
  };
  const apply = () => {
    for (const name of Object.keys(KEPT)) root.dataset[name] = chosen(name);
    for (const name of ["sidebar", "drawer"]) if (wide(name)) root.style.setProperty(`--width-${name}`, `${wide(name)}px`);
  };
  const check = () => {
    for (const box of document.querySelectorAll("input[data-kept]")) {
      box.checked = box.dataset.kept === chosen(box.name);
    }
  };
  apply();
  addEventListener("storage", () => { apply(); check(); }); // another tab
  addEventListener("change", ({ target }) => {
    if (!target.matches("input[data-kept]")) return;
    try {
      localStorage.setItem(`maestro-${target.name}`, target.value);
      apply();
    } catch {
      root.dataset[target.name] = target.value; // until the page is left
    }
  });
  new MutationObserver(() => {
    if (document.querySelector("#appearance:not([data-checked])")) {
      document.getElementById("appearance").dataset.checked = "";
      check();
    }
  }).observe(root, { subtree: true, childList: true });
})();
