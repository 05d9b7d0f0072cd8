// Markdown drawn safely: no raw HTML, no images from elsewhere, links that leave in a tab of their own.
// Colours of code come as lengths: what is drawn is always the text itself.
import { memo, useState } from "react";
import { jsx } from "@emotion/react";
import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { Code, marked, unmarked } from "./math.js";

const said = (node) => node.value ?? node.children?.map(said).join("") ?? "";

// Where a link leads, when its words do not begin with that.
const host = (href, words) => {
  try {
    const { host } = new URL(href);
    const [named] = words.replace(/^https?:\/\//, "").split(/[/?#]/);
    return named === host ? "" : host;
  } catch {
    return "";
  }
};

// What is set in the other direction, or left open, ends with the link's words.
const Link = ({ node, children, ...rest }) => {
  const words = jsx("bdi", null, children);
  if (!rest.href || !URL.canParse(rest.href, location.href)) return words; // its address was unsafe, or none
  const leads = host(rest.href, said(node));
  return jsx("a", { ...rest, target: "_blank", rel: "noopener noreferrer" },
    words, leads && jsx("bdi", { className: "host" }, ` (${leads})`));
};

// Where an image of the workspace is fetched; nothing for any other address, which is never asked for.
const RASTER = /\.(png|jpe?g|gif|webp)$/i;
const placeOf = (src) => {
  const session = /^\/s\/([\w-]+)\/?$/.exec(globalThis.location?.pathname ?? "")?.[1];
  if (!session || !src || /^[a-z][a-z\d+.-]*:/i.test(src)) return "";
  try {
    const names = decodeURIComponent(src).split("/").filter((name) => name !== ".");
    // `//host`, `/top`, `..` and what others might take for a slash: no names in the workspace.
    if (names.some((name) => !name || name === ".." || /[\\%\u0000-\u001f\u007f]/.test(name))) return "";
    if (!RASTER.test(names.at(-1))) return "";
    return `/api/v1/sessions/${session}/files/${names.map(encodeURIComponent).join("/")}`;
  } catch {
    return ""; // no text in percent signs
  }
};

const Image = ({ alt, src }) => {
  const [missed, miss] = useState("");
  const place = placeOf(src);
  if (!place || missed === place) return jsx("span", { className: "no-image" }, alt || src);
  return jsx("img", { src: place, alt: alt || src, className: "from-workspace", onError: () => miss(place) });
};

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

// Nobody nests so deeply: what is so deep is written to make the page stumble, and shown as it is written.
const DEEPEST = 60;
const NESTED = new RegExp(`^(?:[ \\t]*(?:>|(?:[-*+]|\\d{1,9}[.)])[ \\t])){${DEEPEST}}`, "m");

const isDeep = (tree) => {
  let level = [tree];
  for (let depth = 0; level.length; depth++) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((node) => node.children ?? []);
  }
  return false;
};
const refuseDeep = () => (tree) => {
  if (isDeep(tree)) throw new RangeError("nested too deeply");
};

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
    remarkPlugins: [remarkGfm, refuseDeep],
    components: {
      a: Link, img: Image, table: Table, code: Code, pre: block(runsOf(inks), copy), input: box(done, undone),
    },
  }));
