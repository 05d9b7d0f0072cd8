"""Colours of code: how long each run of signs of one kind is, never the signs themselves.

What is drawn is always the Markdown's own text; a colour that does not fit it is left out. So nothing that
is coloured here can bring markup into the page, or change a word of it.
"""

import re
from collections.abc import Iterable, Iterator
from threading import Lock

from pygments.lexers import find_lexer_class_for_filename, get_lexer_by_name  # pyright: ignore[reportUnknownVariableType]
from pygments.token import Comment, Generic, Keyword, Literal, Name, Number, String, _TokenType  # pyright: ignore[reportPrivateUsage]
from pygments.util import ClassNotFound

from app.growing import fence_after
from app.showing.changes import units

LONGEST = 20_000
"""Characters of a block that is coloured."""
LONGEST_FILE = 60_000
"""Characters of a file that is coloured."""
PORTION = 40_000
"""Characters that are coloured before other work has its turn."""
MOST_KEPT = 1000
"""Blocks of code whose colours are remembered."""
PREFIX = re.compile(r"(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*")
LINE_END = re.compile(r"\r\n|\n|\r")
LETTERS: dict[_TokenType, str] = {
    Comment: "c",
    Keyword: "k",
    Keyword.Constant: "n",
    Name.Builtin: "b",
    Name.Class: "f",
    Name.Decorator: "b",
    Name.Function: "f",
    Name.Attribute: "b",
    Name.Tag: "k",
    Literal: "s",
    Number: "n",
    String: "s",
    Generic.Deleted: "d",
    Generic.Inserted: "i",
    Generic.Heading: "k",
    Generic.Subheading: "k",
}
"""A letter for each kind of sign that has a colour; the sheet knows them as `ink-LETTER`."""


_kept: dict[tuple[str, str], str] = {}
"""The colours of code that some tab has shown: a session that is opened again has them at once."""
_keeping = Lock()


def _keep(language: str, code: str) -> str:
    found = runs(language, code)
    with _keeping:  # the tabs' threads come one after the other
        _kept[language, code] = found
        while len(_kept) > MOST_KEPT:
            del _kept[next(iter(_kept))]
    return found


class Inks:
    """The colours of one tab's texts: at once where they are known, else once they have been learnt."""

    def __init__(self) -> None:
        self._wanted: dict[tuple[str, str], None] = {}
        self._learnt: dict[tuple[str, str], str] = {}
        self._found: dict[str, str] = {}

    @property
    def wants(self) -> bool:
        """Whether something is shown whose colours are not known yet."""
        return bool(self._wanted)

    def of(self, text: str) -> str:
        """The colours of a piece of Markdown: `LINE:RUN,RUN;LINE:…`, a line counted from 1 for each block."""
        if (inks := self._found.get(text)) is not None:
            return inks
        blocks = list(fenced(text)) if "```" in text or "~~~" in text else []
        codes = [(language, code) for _, language, code in blocks]
        self._learnt.update((code, _kept[code]) for code in codes if code in _kept)
        unknown = [code for code in codes if code not in self._learnt]
        self._wanted.update(dict.fromkeys(unknown))
        coloured = [(line, self._learnt.get((language, code))) for line, language, code in blocks]
        inks = ";".join(f"{line}:{found}" for line, found in coloured if found)
        if not unknown:
            self._found[text] = inks
        return inks

    def keep(self, texts: Iterable[str]) -> None:
        """Forget all but the colours of these texts."""
        kept = set(texts)
        self._found = {text: inks for text, inks in self._found.items() if text in kept}
        self._learnt.clear()
        self._wanted.clear()

    def learn(self) -> None:
        """Colour a portion of what is wanted; to be called in a thread."""
        done = 0
        while self._wanted and done < PORTION:
            (language, code), _ = self._wanted.popitem()  # the newest first: it is what is looked at
            self._learnt[language, code] = _keep(language, code)
            done += len(code)


def fenced(text: str) -> Iterator[tuple[int, str, str]]:
    r"""Each block of code that names its language: the line it begins at, the language, and the code.

    >>> list(fenced("Look:\n\n```python\nx = 1\n```\n"))
    [(3, 'python', 'x = 1\n')]
    """
    fence, indent, begin, language, code = "", 0, 0, "", list[str]()
    for number, line in enumerate(LINE_END.split(text), 1):
        before = PREFIX.match(line)
        indent = indent if fence else len(before[0]) if before else 0
        rest = line[min(indent, before.end() if before else 0) :]
        was, fence = fence, fence_after(rest.strip(), fence)
        if fence and not was:
            begin, language, code = number, _language(rest.strip()[len(fence) :]), []
        elif fence:
            code.append(rest)
        elif was and language and 0 < sum(map(len, code)) <= LONGEST:
            yield begin, language, "\n".join(code) + "\n"


def _language(told: str) -> str:
    return next(iter(told.split()), "").lower()


def runs(language: str, code: str) -> str:
    r"""How code is coloured: a letter where there is one, and a length, again and again.

    >>> runs("python", "x = 1\n"), runs("no such language", "x")
    ('4,n2', '')
    """
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return ""
    found: list[tuple[str, int]] = []
    for kind, words in lexer.get_tokens(code):
        letter = found[-1][0] if found and words.isspace() else _letter(kind)
        length = found.pop()[1] if found and found[-1][0] == letter else 0
        found.append((letter, length + units(words)))
    is_plain = not any(letter for letter, _ in found)
    return "" if is_plain else ",".join(f"{letter}{length}" for letter, length in found)


def language_of(path: str) -> str:
    """The language that a file's name tells, as it is named behind a code fence; empty where it tells none.

    >>> language_of("src/app.py"), language_of("data.unknown")
    ('python', '')
    """
    lexer = find_lexer_class_for_filename(path.rpartition("/")[2])
    return lexer.aliases[0] if lexer and lexer.aliases else ""


def inks_of_file(language: str, text: str) -> str:
    r"""The colours of a file that is shown as one block of code; none of a long one.

    >>> inks_of_file("python", "x = 1")
    '1:4,n2'
    """
    if not language or len(text) > LONGEST_FILE:
        return ""
    found = runs(language, text if text.endswith("\n") else f"{text}\n")
    return f"1:{found}" if found else ""


def _letter(kind: _TokenType) -> str:
    while kind not in LETTERS and kind.parent is not None:
        kind = kind.parent
    return LETTERS.get(kind, "")
