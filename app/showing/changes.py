"""What a call has changed in a file, or would: the lines, and the words in them that differ."""

import re
from dataclasses import dataclass, replace

from agent.core.transcript import Row

MOST_LINES = 400
"""Changed lines of a diff that is shown open."""
DRAWN_LINES = 200
"""Lines of a new file that are drawn."""
WIDEST = 500
"""Characters of a line that are compared and drawn."""
LEAST_ALIKE = 0.35
"""Of two lines that are less alike, no words are marked: all of it is new."""
WORD = re.compile(r"\w+|\s+|.")
HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
SIGNS = frozenset("@ -+")
"""What the lines of a whole diff begin with."""
STANDING = frozenset({"waiting", "asking", "running", "ok"})
"""States in which a change is made, or may be."""


@dataclass(frozen=True)
class Change:
    """A change of one file."""

    text: str
    """A unified diff without the names of the file."""
    marks: str
    """The words that differ: `LINE:FROM-TO,FROM-TO;LINE:…`, in characters as browsers count them."""
    added: int
    removed: int

    @property
    def is_large(self) -> bool:
        """Whether its statistics say more than its lines."""
        return self.added + self.removed > MOST_LINES


def change(row: Row) -> Change | None:
    r"""What a row's call changes; None where that is not known line by line.

    >>> row = Row(
    ...     id="c",
    ...     kind="tool",
    ...     title="edit",
    ...     status="ok",
    ...     text="Edited a.\n--- a\n+++ a\n@@ -1,1 +1,1 @@\n-x\n+y",
    ... )
    >>> change(row)
    Change(text='@@ -1,1 +1,1 @@\n-x\n+y', marks='', added=1, removed=1)
    """
    if row.title not in {"edit", "write_file"} or row.status not in STANDING:
        return None
    old, new = (str(row.values.get(name, "")) for name in ("old_string", "new_string"))
    if row.status == "ok" and "\n--- " in row.text:
        return _told(row.text)
    if row.title == "edit":
        return _compared(old, new) if old or new else None
    content = row.values.get("content")
    is_new = row.status == "ok" and row.text.startswith("Created ")
    if not (is_new and isinstance(content, str) and content):
        return None
    made = _compared("", content)
    return replace(made, text=f"@@ -0,0 +1,{made.added} @@\n{made.text}")


def patch(row: Row, found: Change, path: str) -> str:
    r"""A change as a patch that programs take; empty where some of its lines are missing.

    >>> row = Row(id="c", kind="tool", title="write_file", status="ok", text="Created a (1 line).")
    >>> row = row.model_copy(update={"values": {"path": "a", "content": "x\n"}})
    >>> print(patch(row, Change("+x", "", 1, 0), "a"), end="")
    --- /dev/null
    +++ b/a
    @@ -0,0 +1,1 @@
    +x
    """
    if row.text.startswith("Created "):
        content = str(row.values.get("content") or row.values.get("new_string") or "")
        return _of_new_file(content, path)
    lines = found.text.split("\n")
    is_whole = HUNK.match(lines[0]) and all(len(line) < WIDEST and line[:1] in SIGNS for line in lines)
    return f"--- a/{path}\n+++ b/{path}\n{found.text}\n" if is_whole else ""


def _of_new_file(content: str, path: str) -> str:
    lines = content.split("\n")
    end = [] if lines[-1] else [lines.pop()]
    drawn = "".join(f"+{line}\n" for line in lines)
    head = f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n"
    return head + drawn + ("" if end else "\\ No newline at end of file\n") if lines else ""


def _told(text: str) -> Change | None:
    """The diff of a tool's result."""
    lines = text[text.index("\n--- ") + 1 :].split("\n")[2:]
    return _made(lines) if lines and HUNK.match(lines[0]) else None


def _compared(old: str, new: str) -> Change:
    """Two passages, one for the other; lines they share at both ends stay."""
    was, now = old.splitlines(), new.splitlines()
    before = _shared(was, now)
    after = _shared(was[before:][::-1], now[before:][::-1])
    gone, come = was[before : len(was) - after], now[before : len(now) - after]
    rest = was[len(was) - after :]
    drawn = [*(f" {line}" for line in was[:before]), *(f"-{line}" for line in gone)]
    drawn += [*(f"+{line}" for line in come), *(f" {line}" for line in rest)]
    found = _made([line[:WIDEST] for line in drawn[:DRAWN_LINES]])
    return Change(found.text, found.marks, len(come), len(gone))


def _shared(one: list[str], other: list[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _made(lines: list[str]) -> Change:
    signs = [line[:1] for line in lines]
    return Change("\n".join(lines), marks(lines), signs.count("+"), signs.count("-"))


def marks(lines: list[str]) -> str:
    """The words that differ between lines that went and lines that came in their place.

    >>> marks(["-the old way", "+the new way"])
    '0:5-8;1:5-8'
    """
    found: dict[int, str] = {}
    at = 0
    while at < len(lines):
        gone = _run(lines, at, "-")
        come = _run(lines, at + gone, "+")
        for place in range(at, at + min(gone, come)):
            pair = _differing(lines[place][1:], lines[place + gone][1:])
            found.update(zip((place, place + gone), pair, strict=False))
        at += gone + come or 1
    return ";".join(f"{line}:{spans}" for line, spans in sorted(found.items()) if spans)


def _run(lines: list[str], start: int, sign: str) -> int:
    end = start
    while end < len(lines) and lines[end].startswith(sign):
        end += 1
    return end - start


def _differing(was: str, now: str) -> tuple[str, str] | tuple[()]:
    from rapidfuzz.distance import Indel  # noqa: PLC0415  few sessions need it, and it takes memory

    old, new = WORD.findall(was[:WIDEST]), WORD.findall(now[:WIDEST])
    steps = Indel.opcodes(old, new)
    alike = sum(units("".join(old[step.src_start : step.src_end])) for step in steps if step.tag == "equal")
    if alike < LEAST_ALIKE * max(units(was), units(now)):
        return ()
    gone = [(step.src_start, step.src_end) for step in steps if step.tag == "delete"]
    come = [(step.dest_start, step.dest_end) for step in steps if step.tag == "insert"]
    return _spans(old, gone), _spans(new, come)


def _spans(words: list[str], runs: list[tuple[int, int]]) -> str:
    """Places behind the sign a line begins with."""
    spans: list[str] = []
    for first, last in runs:
        begin = 1 + units("".join(words[:first]))
        spans.append(f"{begin}-{begin + units(''.join(words[first:last]))}")
    return ",".join(spans)


def units(text: str) -> int:
    """The length of a text as browsers count it.

    >>> units("a😀")
    3
    """
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
