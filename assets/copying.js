// What Reflex cannot say: buttons that copy what they stand by, and say that they did.
(() => {
  const SAID = 2000; // milliseconds

  const wordsOf = (part) => part.querySelector(":scope > pre")?.textContent.trimEnd() ?? part.innerText;
  const textOf = (button) => {
    const near = (selector, within) => button.closest(within)?.querySelector(selector)?.textContent ?? "";
    switch (button.dataset.copy) {
      case "link":
        return `${location.origin}${location.pathname}#row-${encodeURIComponent(button.dataset.row)}`;
      case "pre":
        return near("pre", ".code");
      case "patch":
        return near(".patch", ".changed");
      case "card":
        return near(".result", ".tool") || [...(button.closest(".tool")?.querySelectorAll(".diff code") ?? [])]
          .filter((line) => !line.closest(".twin")).map((line) => line.textContent).join("\n") || near(".raw", ".tool");
      default:
        return [...(button.parentElement.previousElementSibling?.children ?? [])]
          .filter((part) => !part.matches(".sources")).map(wordsOf).join("\n\n");
    }
  };

  // Without a secure page there is no clipboard; then a selection is copied, as people do by hand.
  const copied = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const box = Object.assign(document.createElement("textarea"), { value: text, className: "unseen" });
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    if (!done) throw new Error("no clipboard");
  };

  addEventListener("click", async ({ target }) => {
    const button = target.closest?.("button[data-copy]");
    if (!button) return;
    try {
      await copied(textOf(button));
      button.dataset.went = "well";
    } catch {
      button.dataset.went = "badly";
    }
    setTimeout(() => delete button.dataset.went, SAID);
  });
})();
