"""Glob patterns as git reads them, made into expressions that take linear time on any name.

No library is used: those we know make of `*a*a*a*b` an expression that can take hours, and a workspace brings
its own patterns. Here every part between two stars is taken where it first fits and never tried again, which
loses nothing because such a part has a fixed length.

Source: gitignore(5), and git's wildmatch.c with WM_PATHNAME.
"""

import re
from collections.abc import Iterator

MAX_PATTERN = 1000
"""Characters; what is longer is no pattern."""

_MAX_ALTERNATIVES = 64
_BRACES = re.compile(r"\{([^{},]*+(?:,[^{},]*+)++)\}")
_FOLDERS = "(?:[^/]++/)*"
_SIGN = re.compile(
    r"(?P<stars>\*+)|(?P<any>\?)|\\(?P<escaped>.)|(?P<plain>[^\\\[])"
    r"|\[(?P<negation>[!^]?)(?P<set>\]?(?:\[:\w+:\]|\\.|[^\]\\])*+)\]",
    re.DOTALL,
)
_MEMBER = re.compile(r"\[:(\w+):\]|\\?(.)(?:-\\?(.))?", re.DOTALL)
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t-\r",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}


def expression(pattern: str) -> str:
    r"""The expression of a whole path (with re.DOTALL); a pattern without a slash means a name at any depth.

    >>> bool(re.fullmatch(expression("src/**/*.py"), "src/a/b/c.py"))
    True
    >>> bool(re.fullmatch(expression("*.py"), "a/b.py")), bool(re.fullmatch(expression("/*.py"), "a/b.py"))
    (True, False)

    Raises:
        ValueError: it is no pattern; nothing matches it.
    """
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"longer than {MAX_PATTERN} characters")
    if "/" not in pattern:
        return "(?>(?:.*/)?)" + _name(pattern)
    first, *others = _between_double_stars(pattern.removeprefix("/"))
    if not others:
        return "/".join(map(_name, first))
    *middle, last = others
    start = "".join(f"{_name(name)}/" for name in first) + "".join(map(_in_any_folder, middle))
    # `a/**` means all that lies in the folder, `a/**/b` also what lies in it directly.
    return start + (_FOLDERS + "/".join(map(_name, last)) if last else ".+")


def alternatives(pattern: str) -> list[str]:
    """Write out a pattern's braces.

    >>> alternatives("*.{ts,tsx}")
    ['*.ts', '*.tsx']
    """
    found = [pattern]
    while (braces := _BRACES.search(found[0])) and len(found) <= _MAX_ALTERNATIVES:
        first = found.pop(0)
        head, tail = first[: braces.start()], first[braces.end() :]
        found.extend(head + choice + tail for choice in braces[1].split(","))
    return found


def _between_double_stars(pattern: str) -> list[list[str]]:
    """The names before the first `**`, between two, and behind the last."""
    groups: list[list[str]] = [[]]
    for name in pattern.split("/"):
        if len(name) > 1 and not name.strip("*"):
            groups.append([])
        else:
            groups[-1].append(name)
    return groups


def _in_any_folder(names: list[str]) -> str:
    """These folders, one in the other, where they first are."""
    return f"(?>(?:[^/]++/)*?{''.join(f'{_name(name)}/' for name in names)})"


def _name(pattern: str) -> str:
    """The expression of one name: what stands before the first star, between two, and behind the last."""
    if not pattern:
        raise ValueError("an empty name")
    first, *others = "".join(_signs(pattern)).split("\0")
    if not others:
        return first
    *middle, last = others
    return first + "".join(f"(?>[^/]*?{part})" for part in middle) + "[^/]*" + last


def _signs(pattern: str) -> Iterator[str]:
    """The expression of each sign; NUL for a run of stars."""
    at = 0
    while at < len(pattern):
        sign = _SIGN.match(pattern, at)
        if sign is None:
            raise ValueError("a set that is not closed, or a backslash at the end")
        at = sign.end()
        if sign["stars"]:
            yield "\0"
        elif sign["any"]:
            yield "[^/]"
        elif sign["set"]:
            yield _set(sign["set"], is_negated=bool(sign["negation"]))
        else:
            yield re.escape(sign["escaped"] or sign["plain"])


def _set(members: str, *, is_negated: bool) -> str:
    ranges = "".join(map(_range, _MEMBER.finditer(members)))
    if not ranges:
        return "[^/]" if is_negated else "(?!)"
    return f"(?!/)[{'^' * is_negated}{ranges}]"


def _range(member: re.Match[str]) -> str:
    """A member of a set as an expression's set has it; empty when it has no letter."""
    name, first, last = member.groups()
    if name:
        if name not in _CLASSES:
            raise ValueError(f"no class [:{name}:]")
        return _CLASSES[name]
    if last is None:
        return re.escape(first)
    return f"{re.escape(first)}-{re.escape(last)}" if first <= last else ""
