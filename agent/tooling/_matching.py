"""Finds the place an edit means: exactly, else by ever looser comparison, never by more than a tenth."""

import heapq
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, islice
from typing import Literal

from agent.tooling._writing import has_windows_line_ends, with_line_ends

Rung = Literal["exact", "whitespace_flexible", "token", "fuzzy"]

MAX_PLACES = 100_000
"""More are too many to change."""

_TOKEN = re.compile(r"\w+|[^\w\s]")
_SHORTEST_FUZZY = 10
_LONGEST_FUZZY = 20_000
_MAX_WORK = 100_000_000_000
"""Letters of a window times letters sought, summed: about a second."""
_STEP = 150_000
"""What a window costs besides."""
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
    r"""Find the places of a text, of too many the first, by the closest comparison that finds any.

    Line ends must be `\n`.

    >>> find("if a:\n    b()\n", "if a:\n  b()").rung
    'whitespace_flexible'
    """
    lines = _Text(text)
    ladder: tuple[tuple[Rung, Callable[[str, str], Iterator[Span]]], ...] = (
        ("exact", _exact),
        ("whitespace_flexible", lambda _, old: _by_lines(lines, old)),
        ("token", _by_tokens),
        ("fuzzy", lambda _, old: _fuzzy(lines, old)),
    )
    for rung, climb in ladder if len(text) <= _MAX_TEXT else ladder[:1]:
        if spans := tuple(islice(climb(text, old), MAX_PLACES + 1)):
            return Found(rung, spans)
    return None


def replaced(text: str, spans: tuple[Span, ...], new: str) -> str:
    r"""Put the new text in every place; all else stays, the line ends too.

    >>> replaced("a\r\nb\r\n", (Span(2, 3),), "c\nd")
    'a\r\nc\r\nd\r\n'
    """
    ends = enumerate(re.finditer("\r\n", text))
    windows = array("L", (found.start() - number for number, found in ends))
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


class _Text:
    """By its lines, as they are and without the white space around them; worked out when needed."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def whole(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def starts(self) -> list[int]:
        return _starts(self.whole)

    @cached_property
    def stripped(self) -> list[str]:
        return [*map(str.strip, self.whole)]


def _by_lines(lines: _Text, old: str) -> Iterator[Span]:
    """Whole lines that are equal but for the white space around them."""
    sought = _lines(old)
    if not any(sought):
        return
    needle = "\n".join(["", *sought, ""])
    stripped = "\n".join(["", *lines.stripped, ""])
    number, counted, at = 0, 0, stripped.find(needle)
    while at >= 0:
        number += stripped.count("\n", counted, at)
        yield _span(lines, number, old)
        counted, at = at, stripped.find(needle, at + len(needle) - 1)


def _by_tokens(text: str, old: str) -> Iterator[Span]:
    """The same words and signs in the same order from the start of a line, with any white space between."""
    sought: list[str] = _TOKEN.findall(old)
    if not sought or not old.split("\n", 1)[0].strip():
        return
    start, end = _without_space(text, old)
    needle = "\n".join(["", *sought, ""])
    tokens = "\n".join(["", *_TOKEN.findall(text, start, end), ""])
    if needle not in tokens:
        return
    starts = array("L", (found.start() for found in _TOKEN.finditer(text, start, end)))
    number, counted, at = 0, 0, tokens.find(needle)
    while at >= 0:
        number += tokens.count("\n", counted, at)
        counted, after = at, at + 1
        line = text.rfind("\n", starts[number - 1] if number else start, starts[number]) + 1 or start
        if line > start or not number:
            last = starts[number + len(sought) - 1] + len(sought[-1])
            takes_line_end = old.endswith("\n") and text.startswith("\n", last)
            yield Span(line, last + takes_line_end, text[line : starts[number]])
            after = at + len(needle) - 1
        at = tokens.find(needle, after)


def _without_space(text: str, old: str) -> tuple[int, int]:
    """The lines from the first place to the last that is the same but for white space: quick, mostly few."""
    words, needle = text.split(), "".join(old.split())
    plain = "".join(words)
    first, last = plain.find(needle), plain.rfind(needle) + len(needle)
    if first < 0:
        return 0, 0
    lengths = list(accumulate(map(len, words)))
    start, end = (
        len(text) - len(text.split(None, bisect_right(lengths, at))[-1]) for at in (first, last - 1)
    )
    # The words that these letters stand in; the lines are theirs.
    line_end = text.find("\n", end + len(words[bisect_right(lengths, last - 1)]))
    return text.rfind("\n", 0, start) + 1, line_end if line_end >= 0 else len(text)


def _fuzzy(lines: _Text, old: str) -> Iterator[Span]:
    """As many lines that differ in at most a tenth of their characters, white space around lines aside."""
    sought = _lines(old)
    needle = "\n".join(sought)
    if not _SHORTEST_FUZZY <= len(needle) <= _LONGEST_FUZZY:
        return
    size, limit = len(sought), len(needle) // 10
    taken: list[int] = []
    for _, at in sorted(_close(needle, lines.stripped, size, limit)):
        near = bisect_left(taken, at - size + 1)
        if near == len(taken) or taken[near] >= at + size:
            taken.insert(near, at)
    yield from (_span(lines, at, old) for at in taken)


def _close(needle: str, lines: list[str], size: int, limit: int) -> Iterator[tuple[int, int]]:
    """How far apart so many lines together are from what is sought, and where they begin.

    Those whose length is not near are none; all are none when it would take too long to say.
    """
    from rapidfuzz import process  # noqa: PLC0415 (few edits need it, and it takes memory)
    from rapidfuzz.distance import Levenshtein  # noqa: PLC0415

    text, starts = "\n".join(lines), _starts(lines)
    shortest, longest = len(needle) + 1 - limit, len(needle) + 1 + limit
    ends = zip(starts, starts[size:], strict=False)
    places = [at for at, (start, end) in enumerate(ends) if shortest <= end - start <= longest]
    if len(places) * (longest * len(needle) + _STEP) > _MAX_WORK:
        # So much is like it that no place would be clear.
        return
    texts = [text[starts[at] : starts[at + size] - 1] for at in places]
    distance = Levenshtein.distance
    for _, apart, index in process.extract_iter(needle, texts, scorer=distance, score_cutoff=limit):
        yield int(apart), places[index]


def _lines(old: str) -> list[str]:
    lines = [line.strip() for line in old.split("\n")]
    return lines[:-1] if old.endswith("\n") else lines


def _starts(lines: list[str]) -> list[int]:
    lengths = map(len, lines)
    return [start + number for number, start in enumerate(accumulate(lengths, initial=0))]


def _span(lines: _Text, at: int, old: str) -> Span:
    after = at + len(_lines(old))
    indentation = next((_indentation(line) for line in lines.whole[at:after] if line.strip()), "")
    end = lines.starts[after] - (not old.endswith("\n"))
    return Span(lines.starts[at], min(end, len(lines.text)), indentation)


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _moved(line: str, reference: str, indentation: str) -> str:
    if not line.strip():
        return line
    if line.startswith(reference):
        return indentation + line[len(reference) :]
    missing = len(reference) - len(_indentation(line))
    return indentation[: max(0, len(indentation) - missing)] + line.lstrip()
