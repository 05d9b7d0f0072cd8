// What leads out of an answer: links say where to, images come from the workspace alone.
import { useState } from "react";
import { jsx } from "@emotion/react";

export const said = (node) => node.value ?? node.children?.map(said).join("") ?? "";

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
export const Link = ({ node, children, ...rest }) => {
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

export const Image = ({ alt, src }) => {
  const [missed, miss] = useState("");
  const place = placeOf(src);
  if (!place || missed === place) return jsx("span", { className: "no-image" }, alt || src);
  return jsx("img", { src: place, alt: alt || src, className: "from-workspace", onError: () => miss(place) });
};
