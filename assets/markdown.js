// Markdown drawn safely: no raw HTML, no images from elsewhere, links that leave in a tab of their own.
// Colours of code come as lengths: what is drawn is always the text itself.
import { memo } from "react";
import { jsx } from "@emotion/react";
import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { NESTED, refuseDeep, refuseTangled } from "./bounds.js";
import { Image, Link, said } from "./links.js";
import { Code, marked, unmarked } from "./math.js";

const Table = ({ node, ...rest }) => jsx("div", { className: "table", tabIndex: 0 }, jsx("table", rest));

// The runs of each block of code, by the line it begins at: "3:k3,4,n2;9:c12".
const runsOf = (inks) =>
  new Map(inks.split(";").filter(Boolean).map((block) => {
    const [line, runs] = block.split(":");
    return [Number(line), runs.split(",")];
  }));

const coloured = (text, runs) => {
  const lengths = runs.map((run) => parseInt(run.replace(/^\D/, ""), 10));
  if (lengths.reduce((all, one) => all + one, 0) !== text.length) return text;
  let at = 0;
  return runs.map((run, key) => {
    const words = text.slice(at, (at += lengths[key]));
    return /^\d/.test(run) ? words : jsx("span", { key, className: `ink-${run[0]}` }, words);
  });
};

const block = (runs, copy) => ({ node, children }) => {
  const { className = "", children: code } = children?.props ?? {};
  const text = unmarked(typeof code === "string" ? code : said(node));
  const found = runs.get(node.position?.start.line);
  return jsx("div", { className: "code" },
    jsx("div", { className: "code-bar" },
      jsx("button", { type: "button", "data-copy": "pre" }, copy),
      jsx("span", { className: "language" }, /language-(\S+)/.exec(className)?.[1].slice(0, 24))),
    jsx("pre", { tabIndex: 0 }, jsx("code", null, found ? coloured(text, found) : text)));
};

const box = (done, undone) => ({ node, ...rest }) =>
  jsx("input", { ...rest, "aria-label": rest.checked ? done : undone });

const plain = (text) => jsx("p", { className: "plain" }, text);

// A component without hooks may be called: so what it cannot draw leaves the rest of the page alone.
const draw = (options) => {
  if (NESTED.test(options.children)) return plain(options.children);
  try {
    return ReactMarkdown({ ...options, children: marked(options.children) });
  } catch {
    return plain(options.children);
  }
};

export const Markdown = memo(({ text, inks, copy, done, undone }) =>
  draw({
    children: text,
    remarkPlugins: [remarkGfm, refuseDeep, refuseTangled],
    components: {
      a: Link, img: Image, table: Table, code: Code, pre: block(runsOf(inks), copy), input: box(done, undone),
    },
  }));
