// What no honest answer needs: nested without end, or so tangled that reading it would hold the page up.
// Nobody nests so deeply: what is so deep is written to make the page stumble, and shown as it is written.
const DEEPEST = 60;
export const NESTED = new RegExp(`^(?:[ \\t]*(?:>|(?:[-*+]|\\d{1,9}[.)])[ \\t])){${DEEPEST}}`, "m");

const isDeep = (tree) => {
  let level = [tree];
  for (let depth = 0; level.length; depth++) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((node) => node.children ?? []);
  }
  return false;
};
export const refuseDeep = () => (tree) => {
  if (isDeep(tree)) throw new RangeError("nested too deeply");
};

// Which sign of these belongs to which is found in the square of their number in a paragraph: minutes, if somebody wants.
const SIGNS = "*_~[]";
const MOST_SIGNS = 1000;
const counting = (seen) => ({
  tokenize(effects, ok, nok) {
    seen.set(this, (seen.get(this) ?? 0) + 1); // `this` is a paragraph's, or a cell's
    if (seen.get(this) > MOST_SIGNS) throw new RangeError("too many signs");
    return nok; // others say what it is
  },
});

// A line that goes on with a quote or a list and does not say so: what it belongs to is looked for through all before.
const MOST_LAZY = 1000;
const idling = (seen) => ({
  tokenize(effects, ok, nok) {
    const { lazy } = this.parser; // which lines were so
    if (lazy[this.now().line - 1]) seen.set(lazy, (seen.get(lazy) ?? 0) + 1);
    if (seen.get(lazy) > MOST_LAZY) throw new RangeError("too many lazy lines");
    return nok;
  },
});
export function refuseTangled() {
  const count = counting(new WeakMap());
  const text = Object.fromEntries([...SIGNS].map((sign) => [sign.charCodeAt(0), count]));
  (this.data().micromarkExtensions ??= []).push({ text, document: { null: idling(new WeakMap()) } });
}
