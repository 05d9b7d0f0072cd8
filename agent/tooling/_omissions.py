"""Finds lines that stand for code left out, such as `// ... rest unchanged ...`."""

import re
from collections import Counter

_WRAPPED = re.compile(r"^\s*(?://+|#+|--|;+|%|/\*+|<!--|\{/\*)?\s*(.*?)\s*(?:\*/\}?|-->)?\s*$")
_DOTS = r"(?:\.{3,}|…)"
_WHAT = (
    r"(?:code|methods?|functions?|class(?:es)?|file|implementation|content|lines?|imports?|body|logic|tests?)"
)
_LEFT_OUT = (
    rf"(?:the )?(?:rest|remainder)(?: of (?:the |this |your )?(?:\w+ )?{_WHAT})?"
    r"(?: (?:is |remains |stays |as )?(?:unchanged|the same|before|is|remains))?"
    rf"|rest of|(?:the )?(?:remaining|existing|unchanged|previous|other|same) (?:\w+ )?{_WHAT}"
    r"(?: (?:is |remains |stays )?(?:unchanged|here|the same|as before))?"
    r"|(?:unchanged|same as before|no changes)"
)
_PLACEHOLDER = re.compile(
    rf"{_DOTS} *(?P<after>{_LEFT_OUT}) *{_DOTS}?|(?P<before>{_LEFT_OUT}) *{_DOTS}", re.IGNORECASE
)
_LONGEST = 120


def placeholders(text: str) -> list[str]:
    r"""The placeholders a text has, in lower case, in their order.

    >>> placeholders("def f():\n    # ... existing code ...\n    return 1")
    ['existing code ...']
    """
    lines = (line for line in text.split("\n") if len(line) <= _LONGEST and ("..." in line or "…" in line))
    return [phrase for line in lines if (phrase := _placeholder(line))]


def added(before: str, after: str) -> list[str]:
    r"""The placeholders that the new text has and the old had not.

    >>> added("(rest of code ...)", "(rest of code ...)\n(unchanged code ...)")
    ['unchanged code ...']
    """
    return list((Counter(placeholders(after)) - Counter(placeholders(before))).elements())


def _placeholder(line: str) -> str:
    inner = _inside(_WRAPPED.sub(r"\1", line))
    found = _PLACEHOLDER.fullmatch(inner)
    if not found:
        return ""
    return f"{(found['after'] or found['before']).lower()} ..."


def _inside(text: str) -> str:
    for opening, closing in ("()", "[]", "<>"):
        if text.startswith(opening) and text.endswith(closing):
            return text[1:-1].strip()
    return text
