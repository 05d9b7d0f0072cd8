// A change of a file, line by line; beside each other where there is room (the sheet says where).
import { memo } from "react";
import { jsx } from "@emotion/react";

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;
const KINDS = { "-": "removed", "+": "added", " ": "same" };

// The words that differ: "4:5-8,12-15;5:5-9", each line with its places.
const marksOf = (marks) =>
  new Map(marks.split(";").filter(Boolean).map((line) => {
    const [at, spans] = line.split(":");
    return [Number(at), spans.split(",").map((span) => span.split("-").map(Number))];
  }));

const words = (line, spans) => {
  let at = 1; // behind the sign
  const parts = [];
  for (const [from, to] of spans ?? []) {
    parts.push(line.slice(at, from), jsx("mark", { key: from }, line.slice(from, to)));
    at = to;
  }
  return [...parts, line.slice(at)];
};

// Lines in parts: what stays, and what goes with what comes in its place.
const partsOf = (text, marks) => {
  const parts = [];
  let [old, now] = [NaN, NaN]; // where it stands is not known before the first heading
  text.split("\n").forEach((line, key) => {
    const hunk = HUNK.exec(line);
    const kind = KINDS[line[0]];
    let last = parts.at(-1);
    if (hunk) {
      [old, now] = [Number(hunk[1]), Number(hunk[2])];
      parts.push({ at: now, key });
      return;
    }
    if (!kind) {
      parts.push({ rest: line, key });
      return;
    }
    const side = kind === "added" ? "now" : "was";
    const goesOn = last?.[side] && (kind === "same") === last.stays && !(side === "was" && last.now?.length);
    if (!goesOn) parts.push((last = { key, was: [], now: [], stays: kind === "same" }));
    const number = kind === "added" ? now : old;
    const twin = kind === "same" ? now : 0;
    last[side].push({ key, kind, number, twin, words: words(line, marks.get(key)) });
    old += kind !== "added";
    now += kind !== "removed";
  });
  return parts;
};

const drawn = (line, number, said) =>
  jsx("div", { key: line.key, className: `line ${line.kind}` },
    jsx("span", { className: "number", "aria-hidden": true, "data-now": line.twin || number || "" }, number || ""),
    jsx("span", { className: "unseen" }, `${said[line.kind]}: `),
    jsx("code", null, line.words));

const part = ({ key, at, rest, was, now, stays }, said) => {
  if (at !== undefined) return at > 1 && jsx("div", { key, className: "hunk" }, `${said.at} ${at}`);
  if (rest !== undefined) return rest && jsx("div", { key, className: "hunk" }, rest);
  return jsx("div", { key, className: "part" },
    jsx("div", { className: "was" }, was.map((line) => drawn(line, line.number, said))),
    stays
      ? jsx("div", { className: "now twin", "aria-hidden": true }, was.map((line) => drawn(line, line.twin, said)))
      : jsx("div", { className: "now" }, now.map((line) => drawn(line, line.number, said))));
};

export const Diff = memo(({ text, marks, said }) =>
  jsx("div", { className: "diff", tabIndex: 0 },
    partsOf(text, marksOf(marks)).map((one) => part(one, said))), (a, b) => a.text === b.text && a.marks === b.marks);
