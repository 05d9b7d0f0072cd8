// Files come by button, paste and drop; what is sent while one is on the way waits for it.
(() => {
  const LONG = 4000; // characters of a paste that becomes a file
  const form = () => document.getElementById("prompt");
  const list = () => document.getElementById("attachments");
  let pasted = 0;
  const attach = (files) => document.dispatchEvent(new CustomEvent("maestro:files", { detail: [...files] }));

  document.addEventListener("click", ({ target }) => {
    if (target.id === "attach") document.getElementById("files").click();
  });
  document.addEventListener("change", ({ target }) => {
    if (target.id !== "files") return;
    attach(target.files);
    target.value = "";
  });

  document.addEventListener("paste", (event) => {
    if (event.target.id !== "composer") return;
    const [files, text] = [event.clipboardData.files, event.clipboardData.getData("text/plain")];
    if (!text && files.length) attach(files);
    else if (text.length > LONG) {
      const name = list().dataset.pasted.replace("{number}", String(++pasted));
      attach([new File([text], name, { type: "text/plain" })]);
    } else return;
    event.preventDefault();
  });

  const over = (event, isOver) => {
    if (!event.dataTransfer?.types.includes("Files") || !list()) return false;
    event.preventDefault();
    form().parentElement.toggleAttribute("data-over", isOver);
    return true;
  };
  document.addEventListener("dragover", (event) => over(event, true));
  document.addEventListener("dragleave", (event) => event.relatedTarget || over(event, false));
  document.addEventListener("drop", (event) => over(event, false) && attach(event.dataTransfer.files));

  const isOnTheWay = () => list().querySelector('[data-state="sending"]');
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "prompt" || !list()) return;
    list().toggleAttribute("data-waits", Boolean(isOnTheWay()));
    if (!isOnTheWay()) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("maestro:attached", () => {
    if (list().hasAttribute("data-waits") && !isOnTheWay()) form().requestSubmit();
  });
  document.addEventListener("reset", ({ target }) => {
    if (target.id === "prompt") pasted = 0;
  });
})();
