// What Reflex cannot say: a transcript that follows its end, says so when it does not, and goes where an address points.
(() => {
  const NEAR = 80; // pixels from the end within which the transcript follows
  const MARKED = 2000; // milliseconds a row is marked that an address pointed to

  let follows = true;
  let [top, height, first] = [0, 0, null]; // of the transcript, when we last looked
  const transcriptOf = () => document.getElementById("transcript");

  const offer = (isOffered) => {
    const pill = document.getElementById("new-output");
    if (pill && pill.hidden === isOffered) pill.hidden = !isOffered;
  };

  // Only a person moves up; what has grown since we went to its end has not.
  const look = (transcript) => {
    const isNear = transcript.scrollHeight - transcript.scrollTop - transcript.clientHeight < NEAR;
    if (isNear || transcript.scrollTop < top) follows = isNear;
    if (isNear) offer(false);
    top = transcript.scrollTop;
  };
  const settle = (isPrompted, isNew) => {
    const transcript = transcriptOf();
    if (!transcript) return;
    if (transcript.scrollTop < top) look(transcript); // its event is still on the way
    follows ||= isPrompted; // what one has just sent is what one wants to see
    if (!follows && isNew && transcript.scrollHeight > height) offer(true); // what only got its colours is no news
    // What one edits stays in place too; what an empty page says is read from its beginning.
    if (follows && !document.querySelector(".edit[open], #transcript .welcome")) transcript.scrollTop = transcript.scrollHeight;
    first = transcript.querySelector("article, details, .notice");
    [top, height] = [transcript.scrollTop, transcript.scrollHeight];
  };
  document.addEventListener("scroll", ({ target }) => target.id === "transcript" && look(target), true);
  addEventListener("click", ({ target }) => {
    const transcript = target.closest?.("#transcript");
    // The browser keeps in place what one reads when earlier rows come, but not from the very top.
    if (transcript?.scrollTop === 0) transcript.scrollTop = 1;
    if (target.id !== "new-output") return;
    follows = true;
    offer(false);
    settle(false, false);
    transcriptOf().focus({ preventScroll: true });
  });

  // `/s/ID#ROW`: the row is fetched when it is older than what is shown, then brought into sight.
  const named = (hash) => { try { return decodeURIComponent(hash); } catch { return ""; } }; // "%" is no name
  let wanted = "";
  const want = () => {
    wanted = named(location.hash.slice(1)).replace(/^row-/, "");
    if (wanted) go();
  };
  const go = () => {
    const row = document.getElementById(`row-${wanted}`);
    const form = document.getElementById("jump");
    if (!row && form?.dataset.session && form.dataset.asked !== `${form.dataset.session} ${wanted}`) {
      if (!document.querySelector("#transcript article")) return; // nothing is shown yet
      form.dataset.asked = `${form.dataset.session} ${wanted}`;
      form.elements.row.value = wanted;
      form.requestSubmit();
    }
    if (!row) return;
    [wanted, follows] = ["", false];
    for (let at = row; at; at = at.parentElement) if (at.matches("details")) at.open = true;
    row.scrollIntoView({ block: "center" });
    top = transcriptOf().scrollTop;
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
    row.classList.add("jumped");
    setTimeout(() => row.classList.remove("jumped"), MARKED);
  };
  addEventListener("hashchange", want);

  let [due, prompted, grown] = [0, false, false]; // once a frame: measuring lays the page out
  const soon = (isPrompted, isNew) => {
    [prompted, grown] = [prompted || isPrompted, grown || isNew];
    due ||= requestAnimationFrame(() => {
      settle(prompted, grown);
      [due, prompted, grown] = [0, false, false];
      if (wanted) go();
    });
  };
  const resizes = new ResizeObserver(() => settle(false, false)); // rows learn their height when they come into sight
  let column = null;
  new MutationObserver((changes) => {
    const found = document.querySelector("#transcript > .column");
    if (found && found !== column) {
      resizes.disconnect();
      resizes.observe(found);
      [column, top, first, follows] = [found, 0, null, true];
      want();
    }
    const isEarlier = (node) => first?.isConnected && first.compareDocumentPosition(node) & 2;
    const isPrompt = (node) => node.dataset?.role === "user" && !isEarlier(node);
    const isLater = (node) => column?.contains(node) && !isEarlier(node);
    const isNew = ({ type, target, addedNodes }) =>
      type === "characterData" ? isLater(target) : [...addedNodes].some(isLater);
    soon(changes.some((change) => [...change.addedNodes].some(isPrompt)), changes.some(isNew));
  }).observe(document.documentElement, { subtree: true, childList: true, characterData: true });
})();
