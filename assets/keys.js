// Shortcuts: which keys do what, as their list says, or as a person has changed it in this browser.
(() => {
  const KEPT = "maestro-keys";
  const TWICE = 1000; // milliseconds between two presses that mean one thing
  const QUIET = "dialog[open], :popover-open"; // what is open takes Escape first
  const find = (selector) => document.querySelector(selector);
  const click = (selector) => find(selector)?.click();
  const focus = (found) => {
    if (!found) return;
    if (found.tabIndex < 0) found.tabIndex = -1; // it can take the focus, but Tab passes it by
    found.focus();
    found.scrollIntoView({ block: "nearest" });
  };
  const step = (list, at, by) => list[at < 0 ? (by < 0 ? list.length - 1 : 0) : at + by];
  const session = (by) => {
    const all = [...document.querySelectorAll("#sidebar li a")];
    step(all, all.findIndex((one) => one.ariaCurrent === "page"), by)?.click();
  };
  const message = (by) => {
    const all = [...document.querySelectorAll("#transcript article")];
    focus(step(all, all.indexOf(document.activeElement.closest("article")), by));
  };
  const toggle = (id) => (find(`#${id}`)?.open ? find(`#${id}`).close() : find(`#${id}`)?.showModal());
  const answer = (name) => click(`[data-approval]:focus-within [data-answer="${name}"]`);
  // Twice where nothing runs and nothing is written: the last prompt can be said anew.
  let left = -TWICE;
  const goBack = () => {
    if (find("#composer")?.value !== "" || find("#editing:not([hidden])")) return;
    if (performance.now() - left < TWICE) [...document.querySelectorAll("[data-edit]")].at(-1)?.click();
    left = performance.now();
  };
  const sidebar = () => {
    if (matchMedia("(max-width: 1023px)").matches) return find("#sidebar")?.togglePopover();
    document.documentElement.toggleAttribute("data-alone");
  };
  const mode = () => {
    const box = find("#mode");
    if (!box) return;
    const next = box.options[(box.selectedIndex + 1) % box.length];
    box.value = next.value;
    box.dispatchEvent(new Event("change", { bubbles: true }));
    find("#said").textContent = `${box.ariaLabel}: ${next.text}`;
  };
  const DOES = {
    palette: () => toggle("palette"),
    shortcuts: () => toggle("shortcuts"),
    new_session: () => click("#new-session"),
    composer: () => find("#composer")?.focus(),
    stop: () => find(QUIET) ?? (find("#stop") ? click("#stop") : goBack()), mode,
    models: () => click("[popovertarget=models]"),
    sidebar,
    drawer: () => click("#open-drawer"),
    changes: () => click("#open-changes"),
    previous_session: () => session(-1),
    next_session: () => session(1),
    needs_me: () => (find("[data-approval]") ? DOES.approval() : click("#needs-me")),
    previous_message: () => message(-1),
    next_message: () => message(1),
    copy_answer: () => navigator.clipboard?.writeText([...document.querySelectorAll(".answer")].at(-1)?.innerText ?? ""),
    allow_once: () => answer("allow_once"),
    allow_always: () => answer("allow_always"),
    reject_once: () => answer("reject_once"),
    last_answer: () => focus([...document.querySelectorAll("#transcript article")].at(-1)),
    approval: () => focus(find("[data-approval] button, [data-approval] input:not([type=hidden])")),
    main: () => focus(find("main")),
  };

  const kept = () => {
    try { return JSON.parse(localStorage.getItem(KEPT)) ?? {}; } catch { return {}; }
  };
  const named = ({ key, code }) => {
    if (/^[a-z]$/i.test(key)) return key.toUpperCase();
    return /^Key/.test(code) ? code.slice(3) : key; // other alphabets, and what Alt makes of a letter
  };
  const pressed = (event) => {
    const name = named(event);
    const isSign = /^[^A-Za-z0-9]$/.test(name); // Shift may be how one comes by it
    return [(event.ctrlKey || event.metaKey) && "Mod", event.altKey && "Alt", event.shiftKey && !isSign && "Shift", name]
      .filter(Boolean).join("+");
  };
  const buttons = () => [...document.querySelectorAll("#shortcuts [data-action]")];
  const keysOf = ({ dataset }) => kept()[dataset.action] ?? dataset.keys;
  const means = (event, keys = pressed(event)) => buttons().find((one) => keysOf(one) === keys)?.dataset ?? {};
  window.maestroKeys = { KEPT, kept, pressed, buttons, keysOf, steers: (event) => !kept().off && means(event).action === "steer" };

  addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented || event.getModifierState("AltGraph") || kept().off) return;
    if (event.target.closest?.(".edit[open], .rename, .sure[open]") && event.key === "Escape") return;
    const { action, letter } = means(event);
    if (!DOES[action] || (find("dialog[open]") && !["palette", "shortcuts"].includes(action))) return;
    const isIn = event.target.closest?.("[data-approval]") && !event.target.matches("input[type=text], textarea, select");
    if ((letter !== undefined && !isIn) || (event.altKey && event.target.matches("select"))) return;
    if (event.key !== "Escape") event.preventDefault();
    DOES[action]();
  });
  document.addEventListener("click", ({ target }) => {
    const { does, help } = target.closest?.("[data-does], [data-help]")?.dataset ?? {};
    DOES[does ?? help]?.();
  });
})();
