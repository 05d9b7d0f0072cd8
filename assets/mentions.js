// `@` in the composer: the files of the workspace that one may mean.
(() => {
  const TYPED = /(^|[\s([{])@("[^"\n]*|[^\s"@]*)$/;
  const session = () => document.getElementById("prompt").dataset.session;

  // As it is written: one with a gap stands in quotes, and a folder is left open, as one goes on within it.
  const written = (path) => {
    const isFolder = path.endsWith("/");
    return (/\s/.test(path) ? `"${path}${isFolder ? "" : '"'}` : path) + (isFolder ? "" : " ");
  };

  window.maestroSuggestions.push({
    pause: 120, // milliseconds without a key after which is asked
    typed: (before) => {
      const match = session() && TYPED.exec(before);
      return match && { from: before.length - match[2].length, letters: match[2].replace('"', "") };
    },
    find: async (letters, signal) => {
      const address = `/api/v1/sessions/${session()}/paths?q=${encodeURIComponent(letters.slice(0, 200))}`;
      const answer = await fetch(address, { signal });
      return answer.ok ? (await answer.json()).map((path) => ({ text: path })) : [];
    },
    take: (box, from, { text: path }) => box.setRangeText(written(path), from, box.selectionStart, "end"),
  });

  // A file that was chosen elsewhere on the page is mentioned where one writes.
  document.addEventListener("click", ({ target }) => {
    const path = target.closest?.("[data-mention]")?.dataset.mention;
    const box = document.getElementById("composer");
    if (!path || !box) return;
    const gap = /(^|\s)$/.test(box.value) ? "" : " ";
    box.setRangeText(`${gap}@${written(path)}`, box.value.length, box.value.length, "end");
    box.focus();
    box.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
