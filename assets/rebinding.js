// The list of shortcuts: shows the keys as they are, takes others, and says what clashes.
(() => {
  const { KEPT, kept, pressed, buttons, keysOf } = window.maestroKeys;
  const isMac = /Mac|iP(hone|ad)/.test(navigator.platform);
  const SIGNS = { Mod: isMac ? "⌘" : "Ctrl", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };
  const list = () => document.getElementById("shortcuts");
  const told = (keys) => keys.split(/\+(?=.)/).map((one) => SIGNS[one] ?? one).join("+") || list().dataset.none;
  const say = (name, filled) => {
    const text = list().dataset[name].replace(/\{(\w+)\}/g, (_, key) => filled[key]);
    list().querySelector("output").textContent = text;
  };
  const keep = (changed) => {
    try { localStorage.setItem(KEPT, JSON.stringify(changed)); } catch { /* a browser that keeps nothing */ }
    draw();
  };
  const waiting = () => list()?.querySelector("[data-waits]");

  const draw = () => {
    if (!list()) return;
    document.getElementById("keys-on").checked = !kept().off;
    list().classList.toggle("off", Boolean(kept().off));
    for (const button of buttons()) {
      const text = button.dataset.waits === undefined ? told(keysOf(button)) : "…";
      if (button.textContent !== text) button.textContent = text;
      for (const shown of document.querySelectorAll(`[data-keys-of="${button.dataset.action}"]`)) {
        shown.textContent = keysOf(button) && !kept().off ? told(keysOf(button)) : "";
      }
    }
  };

  const wrong = (button, keys) => {
    const isBare = !/^(Mod|Alt)\+|^F\d|Escape/.test(keys) && button.dataset.letter === undefined;
    if (list().dataset.taken.split(" ").includes(keys)) return ["browsers", { keys: told(keys) }];
    if (isBare) return ["bare", {}];
    const other = buttons().find((one) => one !== button && keysOf(one) === keys);
    return other && ["clash", { keys: told(keys), what: other.dataset.what }];
  };
  const take = (button, keys) => {
    const fault = keys && wrong(button, keys);
    delete button.dataset.waits;
    if (fault) {
      draw();
      return say(...fault);
    }
    keep({ ...kept(), [button.dataset.action]: keys });
    say("changed", { what: button.dataset.what, keys: told(keys) });
  };

  addEventListener("keydown", (event) => {
    const button = waiting();
    if (!button || ["Control", "Shift", "Alt", "Meta", "Tab"].includes(event.key)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.key === "Escape" && !event.shiftKey) return take(button, keysOf(button));
    take(button, event.key === "Backspace" ? "" : pressed(event));
  }, true);
  document.addEventListener("focusout", () => {
    if (!waiting()) return;
    delete waiting().dataset.waits;
    draw();
  });
  addEventListener("click", ({ target }) => {
    const button = target.closest?.("#shortcuts [data-action]");
    if (button) {
      button.dataset.waits = "";
      draw();
      say("press", {});
    } else if (target.id === "reset-keys") {
      keep(kept().off ? { off: true } : {});
      say("wasReset", {});
    } else if (target === list()) list().close();
  });
  addEventListener("change", ({ target }) => target.id === "keys-on" && keep({ ...kept(), off: !target.checked }));
  addEventListener("storage", draw); // another tab
  // Until React has taken the page over it compares the words with its own.
  const isTaken = (node) => Object.keys(node).some((name) => name.startsWith("__react"));
  let drawn = null;
  const look = () => {
    if (list() && !isTaken(list())) return void setTimeout(look, 20);
    drawn = list();
    draw();
  };
  const isOurs = ({ target }) => drawn?.contains(target); // React may put its own words back
  new MutationObserver((changes) => {
    if (list() !== drawn || changes.some(isOurs)) look();
  }).observe(document.documentElement, { subtree: true, childList: true, characterData: true });
})();
