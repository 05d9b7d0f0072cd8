// Earlier rows come when somebody moves up to where they begin; the button that stands there is for those who do not.
(() => {
  const NEAR = 200; // pixels from the top
  const RECENT = 1000; // milliseconds after which a movement is nobody's
  const UP = ["PageUp", "Home", "ArrowUp"];
  let [moved, asked] = [-RECENT, null];

  const look = () => {
    const transcript = document.getElementById("transcript");
    if (!transcript || transcript.scrollTop > NEAR || performance.now() - moved > RECENT) return;
    const [button, first] = [transcript.querySelector("#earlier"), transcript.querySelector("article")];
    if (!button || first === asked) return;
    asked = first; // until others stand before it they are on their way
    button.click();
  };
  const move = ({ target }) => {
    if (!target.closest?.("#transcript")) return;
    moved = performance.now();
    look(); // at the very top nothing scrolls
  };
  for (const type of ["wheel", "touchmove"]) document.addEventListener(type, move, { passive: true });
  document.addEventListener("keydown", (event) => UP.includes(event.key) && move(event));
  document.addEventListener("scroll", ({ target }) => target.id === "transcript" && look(), true);
})();
