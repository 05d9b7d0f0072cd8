"""A short unified diff of two texts, quick where most lines are the same."""

import difflib
from itertools import islice

from agent.tooling._writing import readable

MAX_LINES = 200
MAX_WIDTH = 500
_CONTEXT = 3
_MAX_COMPARED = 2000


def diff(before: str, after: str, path: str) -> str:
    r"""What changed, as a unified diff of at most `MAX_LINES` lines.

    >>> print(diff("a\nb\n", "a\nc\n", "x.txt"))
    --- x.txt
    +++ x.txt
    @@ -1,2 +1,2 @@
     a
    -b
    +c
    """
    old, new = before.split("\n"), after.split("\n")
    if not old[-1] and not new[-1]:
        # Both end with a line end; what stands behind it is no line.
        old, new = old[:-1], new[:-1]
    skipped = max(0, _same_at_start(old, new) - _CONTEXT)
    old, new = old[skipped:], new[skipped:]
    cut = max(0, _same_at_start(old[::-1], new[::-1]) - _CONTEXT)
    old, new = old[: len(old) - cut], new[: len(new) - cut]
    if len(old) + len(new) > _MAX_COMPARED:
        return f"--- {path}\n+++ {path}\n{len(old):,} lines became {len(new):,}, from line {skipped + 1} on."
    lines = _unified(old, new, path, skipped)
    return "\n".join(line[:MAX_WIDTH] for line in lines)


def _same_at_start(old: list[str], new: list[str]) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    return next((place for place, (was, now) in pairs if was != now), min(len(old), len(new)))


def _unified(old: list[str], new: list[str], path: str, skipped: int) -> list[str]:
    groups = difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(_CONTEXT)
    lines = [f"--- {path}", f"+++ {path}"]
    for group in groups:
        first, last = group[0], group[-1]
        was = f"-{first[1] + skipped + 1},{last[2] - first[1]}"
        lines.append(f"@@ {was} +{first[3] + skipped + 1},{last[4] - first[3]} @@")
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                lines.extend(f" {line}" for line in old[old_from:old_to])
                continue
            lines.extend(f"-{line}" for line in old[old_from:old_to])
            lines.extend(f"+{line}" for line in new[new_from:new_to])
    shown = [readable(line) for line in islice(lines, MAX_LINES)]
    rest = len(lines) - len(shown)
    return [*shown, f"… {rest} more lines of the diff"] if rest else shown
