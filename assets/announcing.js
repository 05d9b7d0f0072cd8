// What is said to those who hear the page: how the work goes on, now and then; questions and faults at once.
(() => {
  const EVERY = 5000; // milliseconds between two words about work that goes on
  let isSent = false; // a turn may end before it is seen to have begun
  let [last, due, before] = [-EVERY, 0, { path: "", isWorking: false, said: "", alarm: "" }];

  const say = (id, text) => {
    const region = document.getElementById(id);
    if (region && region.textContent !== text) region.textContent = text;
  };
  const later = (text, isEnd) => {
    clearTimeout(due);
    const wait = isEnd ? 0 : Math.max(0, last + EVERY - performance.now());
    due = setTimeout(() => {
      last = performance.now();
      say("said", text);
    }, wait);
  };
  const look = () => {
    const { said, alarm } = document.querySelector("[data-said]").dataset;
    const isWorking = document.getElementById("run-state")?.dataset.working === "true";
    const isSame = before.path === location.pathname;
    const isLive = isWorking || isSent || (isSame && before.isWorking); // else it was said long ago
    if (isWorking || (isSent && said + alarm)) isSent = false;
    if (isLive && said !== before.said) later(said, !isWorking);
    if (isLive && alarm !== before.alarm) say("alarm", alarm);
    if (!isSame && !isLive) ["said", "alarm"].forEach((id) => say(id, ""));
    before = { path: location.pathname, isWorking, said, alarm };
  };
  document.addEventListener("submit", ({ target }) => (isSent ||= target.id === "prompt"), true);
  let isDue = false; // once a frame: what belongs together comes in several changes
  new MutationObserver(() => {
    if (isDue || !document.querySelector("[data-said]")) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      if (document.querySelector("[data-said]")) look();
    });
  }).observe(document.documentElement, {
    subtree: true, attributes: true, attributeFilter: ["data-said", "data-alarm", "data-working"],
  });
})();
