// The words in the composer: kept on the server while they are typed, and put back where they were left.
(() => {
  const PAUSE = 800; // milliseconds without a key after which they are kept
  const NEW = "draft"; // where a page without a session keeps them, in this tab alone
  const box = () => document.getElementById("composer");
  // A page that has just been opened still knows the session of the one before.
  const current = () => {
    const session = document.getElementById("prompt")?.dataset.session ?? "";
    return location.pathname.replace(/\/$/, "") === `/s/${session}` ? session : "";
  };
  let [session, composer] = ["", null]; // whose words these are, and where
  let known = ""; // as the server has them
  let due = 0;
  let last = Promise.resolve(); // one after the other, or an older one could win

  const put = (text) => {
    known = text;
    if (text === composer.value) return; // saying so would make React draw the whole page at once
    composer.value = text;
    composer.dispatchEvent(new Event("input", { bubbles: true })); // it takes the height of its words
  };
  const keep = (text, more = {}) => {
    clearTimeout(due);
    if (text === known) return;
    known = text;
    if (!session) {
      if (location.pathname === "/") sessionStorage.setItem(NEW, text);
      return;
    }
    const [address, headers] = [`/api/v1/sessions/${session}/draft`, { "content-type": "application/json" }];
    const request = { method: "PUT", headers, body: JSON.stringify({ text }), ...more };
    const send = () => fetch(address, request).catch(() => {}); // the words are still here
    last = more.keepalive ? send() : last.then(send);
  };
  const fetched = async () => {
    const of = session;
    if (!of) return;
    await last;
    const answer = await fetch(`/api/v1/sessions/${of}/draft`).catch(() => null);
    if (!answer?.ok || of !== session) return;
    const draft = await answer.json();
    document.dispatchEvent(new CustomEvent("maestro:draft", { detail: draft.attachments }));
    if (composer.value === known && draft.text !== known) put(draft.text); // what is typed here wins
  };
  const arrive = () => {
    const [found, now] = [box(), current()];
    if (!found || (found === composer && now === session)) return;
    const isAnother = found === composer && session;
    if (isAnother) {
      keep(composer.value);
      composer.value = "";
    }
    [session, composer] = [now, found];
    known = "";
    if (composer.value) due = setTimeout(() => keep(composer.value), PAUSE); // typed before the page was alive
    if (session) fetched();
    else if (location.pathname === "/" && !composer.value) put(sessionStorage.getItem(NEW) ?? "");
  };
  const changes = { subtree: true, childList: true, attributes: true, attributeFilter: ["data-session"] };
  new MutationObserver(arrive).observe(document.documentElement, changes);

  document.addEventListener("input", ({ target }) => {
    if (target.id !== "composer" || target !== composer) return;
    clearTimeout(due);
    due = setTimeout(() => keep(composer.value), PAUSE);
  });
  document.addEventListener("reset", ({ target }) => target.id === "prompt" && keep(""));
  addEventListener("focus", () => composer?.isConnected && fetched());
  document.addEventListener("visibilitychange", () => {
    if (!composer?.isConnected) return;
    if (document.hidden) keep(composer.value, { keepalive: true });
    else fetched();
  });

  // A starter is put into the composer, to be sent or changed.
  document.addEventListener("click", ({ target }) => {
    const starter = target.closest?.("[data-starter]");
    if (!starter || !box()) return;
    box().value = starter.dataset.starter;
    box().dispatchEvent(new Event("input", { bubbles: true }));
    box().focus();
  });
})();
