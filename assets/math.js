// Formulas in Markdown: found in its source and put into code spans of our own, so that Markdown leaves their signs alone.
import { lazy, Suspense } from "react";
import { jsx } from "@emotion/react";

const LONGEST = 50_000; // characters of a text that is searched
const MARK = "\uE0F1"; // begins and ends such a span; of private use, so that nobody means it
const PARTS = new RegExp(
  [
    /^[ \t>]*(?:[-*+][ \t]+|\d+[.)][ \t]+)?(`{3,}|~{3,})[^\n]*\n[^]*?(?:\n[ \t>]*\1[`~]*[ \t]*$|(?![^]))/, // a block of code
    /(`+)[^]{0,2000}?[^`]\2(?!`)/, // a span of code
    /\\[\\`$]/, // a sign that is meant as itself
    /\$\$([^]{1,2000}?)\$\$/,
    /\\\[([^]{1,2000}?)\\\]/,
    /\\\(([^]{1,1000}?)\\\)/,
    // As Pandoc has it: no blank inside, no digit after. Prices stay prices.
    /(?<![\w/=?&$\\])\$(?=[^\s$])((?:\\.|[^$\\\n`]){0,500}?(?:\\.|[^\s\\$`]))\$(?![\w$])/,
  ].map(({ source }) => source).join("|"),
  "gm",
);

export const marked = (text) => {
  if (text.length > LONGEST || !/\$|\\[([]/.test(text)) return text;
  return text.replace(PARTS, (found, _fence, _ticks, ...groups) => {
    const inside = groups.slice(0, 4).find((group) => group !== undefined);
    const isFormula = inside?.trim() && !/`|\uE0F1|\n[ \t>]*\n/.test(found);
    return isFormula ? `\`${MARK}${found}${MARK}\`` : found;
  });
};

// What was no Markdown after all gets its own words back.
export const unmarked = (text) => text.replace(/`\uE0F1([^\uE0F1]*)\uE0F1`/g, "$1");

const Drawn = lazy(() => import("./formula.js")); // most pages have none

export const Code = ({ node, children, ...rest }) => {
  const found = typeof children === "string" && /^\uE0F1([^]*)\uE0F1$/.exec(children);
  if (!found) return jsx("code", rest, children);
  const [, words] = found;
  const isDisplayed = words.startsWith("$$") || words.startsWith("\\[");
  const inside = isDisplayed || words.startsWith("\\(") ? words.slice(2, -2) : words.slice(1, -1);
  return jsx(Suspense, { fallback: words }, jsx(Drawn, { words, inside, isDisplayed }));
};
