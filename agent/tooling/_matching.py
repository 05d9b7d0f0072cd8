"""Finds the place an edit means: exactly, else by ever looser comparison, never by more than a tenth."""

import heapq
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from agent.tooling._writing import has_windows_line_ends, with_line_ends

Rung = Literal["exact", "whitespace_flexible", "token", "fuzzy"]

_TOKEN = re.compile(r"\w+|[^\w\s]")
_MAX_TOKENS = 2000
_SHORTEST_FUZZY = 10
_LONGEST_FUZZY = 20_000
_MAX_TEXT = 2_000_000
"""Characters; looser comparison and advice are left out for longer files."""
_NEAREST = 3
_ALIKE = 0.5
_WIDTH = 200


@dataclass(frozen=True)
class Span:
    r"""A place in a text whose line ends are all `\n`."""

    start: int
    end: int
    indentation: str | None = None
    """What the replacement's lines shall begin with; None to leave them as they are."""


@dataclass(frozen=True)
class Found:
    """All the places that match, and how closely."""

    rung: Rung
    spans: tuple[Span, ...]


def find(text: str, old: str) -> Found | None:
    r"""Find the places of a text by the closest comparison that finds any; line ends must be `\n`.

    >>> find("if a:\n    b()\n", "if a:\n  b()").rung
    'whitespace_flexible'
    """
    ladder: tuple[tuple[Rung, Callable[[str, str], Iterator[Span]]], ...] = (
        ("exact", _exact),
        ("whitespace_flexible", _by_lines),
        ("token", _by_tokens),
        ("fuzzy", _fuzzy),
    )
    for rung, climb in ladder if len(text) <= _MAX_TEXT else ladder[:1]:
        if spans := tuple(climb(text, old)):
            return Found(rung, spans)
    return None


def replaced(text: str, spans: tuple[Span, ...], new: str) -> str:
    r"""Put the new text in every place; all else stays, the line ends too.

    >>> replaced("a\r\nb\r\n", (Span(2, 3),), "c\nd")
    'a\r\nc\r\nd\r\n'
    """
    windows = [found.start() - number for number, found in enumerate(re.finditer("\r\n", text))]
    if "\n" in text:
        new = with_line_ends(new, windows=has_windows_line_ends(text))
    pieces: list[str] = []
    at = 0
    for span in spans:
        start, end = (place + bisect_left(windows, place) for place in (span.start, span.end))
        pieces += [text[at:start], new if span.indentation is None else indented(new, span.indentation)]
        at = end
    return "".join([*pieces, text[at:]])


def indented(text: str, indentation: str) -> str:
    r"""The text moved so that its first line with words has this indentation.

    >>> indented("if a:\n  b()", "    ")
    '    if a:\n      b()'
    """
    lines = text.split("\n")
    reference = next((_indentation(line) for line in lines if line.strip()), "")
    return "\n".join(_moved(line, reference, indentation) for line in lines)


def nearest(text: str, old: str) -> str:
    r"""The lines that look most like the first of what was sought, with their numbers; empty when none does.

    >>> nearest("def first(a):\n    return a\n", "def frist(a):")
    '1: def first(a):'
    """
    sought = next((line for line in old.split("\n") if line.strip()), "")
    if len(text) > _MAX_TEXT:
        return ""
    words = set(_TOKEN.findall(sought))
    lines = text.split("\n")
    scores = ((_likeness(words, line), -number) for number, line in enumerate(lines, 1))
    best = heapq.nlargest(_NEAREST, (score for score in scores if score[0] >= _ALIKE))
    numbers = sorted(-number for _, number in best)
    return "\n".join(f"{number}: {lines[number - 1][:_WIDTH]}" for number in numbers)


def _likeness(words: set[str], line: str) -> float:
    """The share of words and signs that two lines have in common: 0 for none, 1 for all."""
    others = set(_TOKEN.findall(line))
    return 2 * len(words & others) / (len(words) + len(others)) if others else 0.0


def _exact(text: str, old: str) -> Iterator[Span]:
    at = text.find(old)
    while at >= 0:
        yield Span(at, at + len(old))
        at = text.find(old, at + len(old))


def _by_lines(text: str, old: str) -> Iterator[Span]:
    """Whole lines that are equal but for the white space around them."""
    lines, sought = text.split("\n"), _lines(old)
    stripped = [line.strip() for line in lines]
    if not any(sought):
        return
    starts = _starts(lines)
    at = 0
    while at + len(sought) <= len(lines):
        if stripped[at] == sought[0] and stripped[at : at + len(sought)] == sought:
            yield _span(text, lines, starts, at, old)
            at += len(sought)
        else:
            at += 1


def _by_tokens(text: str, old: str) -> Iterator[Span]:
    """The same words and signs in the same order from the start of a line, with any white space between."""
    tokens: list[str] = _TOKEN.findall(old)
    if not tokens or len(tokens) > _MAX_TOKENS or not old.split("\n", 1)[0].strip():
        return
    pattern = re.escape(tokens[0])
    for before, token in pairwise(tokens):
        both_words = before[-1].isalnum() and token[0].isalnum()
        pattern += (r"\s+" if both_words else r"\s*") + re.escape(token)
    if tokens[-1][-1].isalnum():
        pattern += r"\b"
    for found in re.finditer(rf"^([ \t]*){pattern}", text, re.MULTILINE):
        takes_line_end = old.endswith("\n") and text[found.end() :].startswith("\n")
        yield Span(found.start(), found.end() + takes_line_end, found[1])


def _fuzzy(text: str, old: str) -> Iterator[Span]:
    """As many lines that differ in at most a tenth of their characters, white space around lines aside."""
    lines, sought = text.split("\n"), _lines(old)
    needle = "\n".join(sought)
    if not _SHORTEST_FUZZY <= len(needle) <= _LONGEST_FUZZY:
        return
    stripped = [line.strip() for line in lines]
    size, limit = len(sought), len(needle) // 10
    close: list[tuple[int, int]] = []
    for at in _plausible(stripped, sought, limit):
        apart = distance(needle, "\n".join(stripped[at : at + size]))
        if apart <= limit:
            close.append((apart, at))
    taken: list[int] = []
    for _, at in sorted(close):
        if all(abs(at - other) >= size for other in taken):
            taken.append(at)
    starts = _starts(lines)
    yield from (_span(text, lines, starts, at, old) for at in sorted(taken))


def _plausible(lines: list[str], sought: list[str], limit: int) -> Iterator[int]:
    """Where a window of lines has nearly the sought letters, in whatever order: a bound that is quick."""
    size = len(sought)
    letters = [Counter(line) for line in lines]
    missing = Counter("".join(sought))
    for at, entering in enumerate(letters):
        missing.subtract(entering)
        if at >= size:
            missing.update(letters[at - size])
        if at >= size - 1:
            over = sum(count for count in missing.values() if count > 0)
            under = over - missing.total()
            if max(over, under) <= limit:
                yield at - size + 1


def distance(first: str, second: str) -> int:
    """How many letters must be added, dropped or changed to make one text the other.

    >>> distance("kitten", "sitting")
    3

    Source: Myers 1999, in the form of Hyyrö 2003; each row of the matrix is one large integer.
    """
    if not first:
        return len(second)
    places: dict[str, int] = {}
    for place, letter in enumerate(first):
        places[letter] = places.get(letter, 0) | 1 << place
    every, top = (1 << len(first)) - 1, 1 << (len(first) - 1)
    more, less, apart = every, 0, len(first)
    for letter in second:
        equal = places.get(letter, 0)
        vertical = equal | less
        horizontal = (((equal & more) + more) ^ more) | equal
        up = less | (~(horizontal | more) & every)
        down = more & horizontal
        apart += bool(up & top) - bool(down & top)
        up = (up << 1 | 1) & every
        more = (down << 1 & every) | (~(vertical | up) & every)
        less = up & vertical
    return apart


def _lines(old: str) -> list[str]:
    lines = [line.strip() for line in old.split("\n")]
    return lines[:-1] if old.endswith("\n") else lines


def _starts(lines: list[str]) -> list[int]:
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _span(text: str, lines: list[str], starts: list[int], at: int, old: str) -> Span:
    size = len(_lines(old))
    indentation = next((_indentation(line) for line in lines[at : at + size] if line.strip()), "")
    end = starts[at + size] - (not old.endswith("\n"))
    return Span(starts[at], min(end, len(text)), indentation)


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _moved(line: str, reference: str, indentation: str) -> str:
    if not line.strip():
        return line
    if line.startswith(reference):
        return indentation + line[len(reference) :]
    missing = len(reference) - len(_indentation(line))
    return indentation[: max(0, len(indentation) - missing)] + line.lstrip()
