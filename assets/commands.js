// `/` at the start of the composer: what the page itself does, as its table says; and words that come back.
(() => {
  const HANDED = "maestro-handed"; // which words were put back last: a reload must not do so again
  const NAME = /^\/([a-z]*)$/i;
  const ARGUMENT = /^\/([a-z]+)\s+(\S*)$/i;
  const table = () => [...document.getElementById("commands").children];
  const has = (text, letters) => text.toLowerCase().includes(letters.toLowerCase());
  const first = (letters) => (one, other) => other.name.startsWith(letters) - one.name.startsWith(letters);

  const names = (letters) =>
    table()
      .map(({ dataset: { name, takes, what } }) => ({ name, takes, text: `/${name} ${takes}`.trim(), note: what }))
      .filter(({ name, note }) => name.startsWith(letters.toLowerCase()) || (letters.length > 2 && has(note, letters)))
      .sort(first(letters.toLowerCase()));
  const values = (name, letters) =>
    [...(table().find(({ dataset }) => dataset.name === name)?.querySelectorAll("li") ?? [])]
      .map(({ dataset: { value, note } }) => ({ name, value, text: value, note }))
      .filter(({ value, note }) => has(`${value} ${note}`, letters));

  window.maestroSuggestions.push({
    typed: (before, after) => {
      if (after.trim()) return null;
      const isName = NAME.exec(before);
      const match = isName ?? ARGUMENT.exec(before);
      // Both begin with the slash: with its name and what follows it, no two lists are mistaken for each other.
      return match && { from: 0, letters: before };
    },
    find: (before) => {
      const isName = NAME.exec(before);
      return isName ? names(isName[1]) : values(...ARGUMENT.exec(before).slice(1, 3));
    },
    take: (box, from, { name, takes, value = "" }, isDone) => {
      box.setRangeText(`/${name}${value ? ` ${value}` : takes ? " " : ""}`, from, box.value.length, "end");
      if (isDone && !takes) box.form.requestSubmit();
    },
  });

  document.addEventListener("click", ({ target }) => {
    const box = document.getElementById("composer");
    if (!target.closest?.("[data-commands]") || !box) return;
    box.focus();
    if (!box.value) box.value = "/";
    box.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // What the server did not take stands in the composer again, unless something else was typed meanwhile.
  const putBack = () => {
    const [handed, box] = [document.getElementById("handed"), document.getElementById("composer")];
    const { text, handed: id } = handed?.dataset ?? {};
    if (!id || !box || id === sessionStorage.getItem(HANDED)) return;
    sessionStorage.setItem(HANDED, id);
    if (box.value) return;
    box.value = text;
    box.focus();
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const watched = { subtree: true, attributes: true, attributeFilter: ["data-handed"] };
  new MutationObserver(putBack).observe(document.documentElement, watched);
})();
