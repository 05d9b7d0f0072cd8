"""Reads one word the way bash does: what it is passed as, where that is certain, and where code stands in it.

The grammar cuts a line into words; here each is read once more by rules of our own, letter by letter. Where
the two do not agree on a word the line is not understood.

Source: the section QUOTING of bash(1).
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

_PLAIN = re.compile(
    r"(?P<plain>[^\\'\"$`|&;()<> \t\n*?\[{~#]+)|(?P<fold>\\\n)|\\(?P<escaped>[^\n])|'(?P<raw>[^']*)'"
    r"|\$'(?P<ansi>[^\\']*)'|\$'(?P<coded>(?:[^\\']|\\.)*)'|(?P<quote>\")|(?P<glob>[*?\[])|(?P<sign>[{~#])"
    r"|(?P<code>\$(?=[\w({@*#?$!-])|[`<>])|(?P<dollar>\$(?!\"))",
    re.DOTALL | re.ASCII,
)
_QUOTED = re.compile(
    r"(?P<plain>[^\\$`\"]+)|(?P<fold>\\\n)|\\(?P<escaped>[\\$`\"])|(?P<sign>\\)|(?P<quote>\")"
    r"|(?P<code>\$(?=[\w({@*#?$!-])|`)|(?P<dollar>\$)",
    re.ASCII,
)
_DOCUMENT = re.compile(
    r"(?P<plain>[^\\$`]+)|(?P<fold>\\\n)|\\(?P<escaped>[\\$`])|(?P<sign>\\)"
    r"|(?P<code>\$(?=[\w({@*#?$!-])|`)|(?P<dollar>\$)",
    re.ASCII,
)
_DEFAULT = re.compile(r"(?P<plain>[\w./,=@%+* -]+)|(?P<code>\$(?=[\w({]))", re.ASCII)
_EXPANSION = re.compile(
    r"\$\{(?:#?(?:\w+|[@*])|[#?$!-])(?P<operator>:?[-+?]|##?|%%?|//?|\^\^?|,,?)?", re.ASCII
)
_ARITHMETIC = re.compile(r"[\w\s+*/%()<>=!&|^~?:,$-]*", re.ASCII)
_BRACED = re.compile(r"\{.*(?:,|\.\.).*", re.DOTALL)


class NotUnderstood(Exception):
    """What bash would make of this we do not know; its argument is a code."""


class Word(NamedTuple):
    """One word of a line."""

    value: str
    """As the shell passes it; as it was written where that is not certain."""
    is_certain: bool


def read(text: str, code: Mapping[int, int]) -> Word:
    r"""Read one word.

    Args:
        text: as it was written.
        code: where the grammar sees expansions and substitutions in it: from their begin to their end.

    >>> read("a'b c'\"d\"\\ e", {})
    Word(value='ab cd e', is_certain=True)
    >>> read("x$HOME", {1: 6})
    Word(value='x$HOME', is_certain=False)

    Raises:
        NotUnderstood: it is more than one word, or there is code in it that the grammar has not seen.
    """
    reading = _Reading(text, code)
    reading.go(_PLAIN)
    if not reading.is_certain:
        return Word(text, is_certain=False)
    return Word("".join(reading.value), is_certain=True)


def read_document(text: str, code: Mapping[int, int]) -> None:
    """Read the body of a here-document whose delimiter has no quotes.

    >>> read_document("Dear $USER,", {5: 10})

    Raises:
        NotUnderstood: there is code in it that the grammar has not seen.
    """
    _Reading(text, code).go(_DOCUMENT)


def check_expansion(text: str, code: Mapping[int, int]) -> None:
    """Check that `${…}` only reads a variable: it computes nothing, sets nothing, looks nowhere else.

    >>> check_expansion("${name:-$(id)}", {8: 13})

    Raises:
        NotUnderstood: it does more, or there is code in it that the grammar has not seen.
    """
    head = _EXPANSION.match(text)
    if not head or not text.endswith("}"):
        raise NotUnderstood("expansion")
    inner = {begin - head.end(): end - head.end() for begin, end in code.items()}
    rest = text[head.end() : -1]
    if rest and not head["operator"]:
        raise NotUnderstood("expansion")
    _Reading(rest, inner).go(_DEFAULT)


def computes(text: str) -> bool:
    """Whether `$((…))` takes its numbers from elsewhere: what a variable holds would be run as arithmetic.

    >>> computes("$((1 + 2))"), computes("$((n + 1))")
    (False, True)

    Raises:
        NotUnderstood: it may be something else than arithmetic.
    """
    inner = text[3:-2]
    if not (text.startswith("$((") and text.endswith("))") and _ARITHMETIC.fullmatch(inner)):
        raise NotUnderstood("arithmetic")
    depth = 0
    for sign in inner:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            raise NotUnderstood("arithmetic")
    return bool(re.search(r"[A-Za-z_$]", inner))


class _Reading:
    """One pass over a text; every piece of code the grammar saw in it must be met."""

    def __init__(self, text: str, code: Mapping[int, int]) -> None:
        self.text, self.code = text, code
        self.at = self.met = 0
        self.value: list[str] = []
        self.is_certain = True

    def go(self, signs: re.Pattern[str]) -> None:
        if self._until_quote(signs) and signs is not _PLAIN:
            raise NotUnderstood("quoting")
        if self.met != len(self.code):
            raise NotUnderstood("quoting")

    def _until_quote(self, signs: re.Pattern[str]) -> bool:
        """Read on to a quote that closes; whether there was one."""
        while self.at < len(self.text):
            sign = signs.match(self.text, self.at)
            if sign is None:
                raise NotUnderstood("quoting")
            if sign["code"] if "code" in signs.groupindex else None:
                self._pass_over()
                continue
            begin, self.at = self.at, sign.end()
            if sign.lastgroup != "quote":
                self._take(sign, begin)
            elif signs is _QUOTED:
                return True
            elif not self._until_quote(_QUOTED):
                raise NotUnderstood("quoting")
        return False

    def _pass_over(self) -> None:
        """Go to the end of a piece of code, which the grammar must have seen."""
        if self.code.get(self.at, 0) <= self.at:
            raise NotUnderstood("substitution")
        self.at = self.code[self.at]
        self.met += 1
        self.is_certain = False

    def _take(self, sign: re.Match[str], begin: int) -> None:
        kind = sign.lastgroup
        if kind == "sign" and sign[0] == "#" and not begin:
            raise NotUnderstood("comment")
        if kind in {"glob", "coded"} or (kind == "sign" and self._is_open(sign[0], begin)):
            self.is_certain = False
        elif kind != "fold":
            self.value.append(sign[kind or 0])

    def _is_open(self, sign: str, begin: int) -> bool:
        """Whether a tilde or a brace may become something else."""
        if sign == "~":
            return not begin or self.text[begin - 1] in ":="
        return sign == "{" and bool(_BRACED.match(self.text, begin))
