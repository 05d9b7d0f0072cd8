// One formula as MathML. What the library writes is taken apart, and only elements and attributes of MathML are drawn.
import { memo } from "react";
import { jsx } from "@emotion/react";
import temml from "temml";

const ELEMENTS = new Set(
  "math semantics mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom msub msup msubsup munder mover munderover mmultiscripts mprescripts none menclose mtable mtr mtd merror".split(" "),
);
const ATTRIBUTES = new Set(
  "accent accentunder columnalign columnlines columnspacing columnspan depth display displaystyle fence form height largeop linethickness lspace mathvariant maxsize minsize movablelimits notation rowalign rowlines rowspacing rowspan rspace scriptlevel separator stretchy symmetric voffset width".split(" "),
);
const LARGEST = 30; // letters that a space or a line of a formula may be wide or high
const MOST_EXPANSIONS = 200;

const isLarge = (value) => /^[-+\d.]/.test(value) && Math.abs(parseFloat(value)) > LARGEST;

const element = (node, key) => {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (!ELEMENTS.has(node.localName)) return null;
  const attributes = [...node.attributes].filter(({ name, value }) => ATTRIBUTES.has(name) && !isLarge(value));
  const props = Object.fromEntries(attributes.map(({ name, value }) => [name, value]));
  return jsx(node.localName, { key, ...props }, ...[...node.childNodes].map(element));
};

const Formula = ({ words, inside, isDisplayed }) => {
  try {
    const options = { displayMode: isDisplayed, throwOnError: true, maxSize: [LARGEST, LARGEST], maxExpand: MOST_EXPANSIONS };
    const written = new DOMParser().parseFromString(temml.renderToString(inside, options), "text/html");
    return jsx("span", { className: isDisplayed ? "formula displayed" : "formula" }, element(written.querySelector("math"), 0));
  } catch {
    return words; // a formula that is wrong stays what it is: text
  }
};

export default memo(Formula);
