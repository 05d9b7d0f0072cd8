"""A few words around what was found, with the places of what was looked for."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from agent.core.messages import Value
from agent.core.search_query import SearchQuery, Term, Word, words

LENGTH = 200
"""Characters of a snippet."""
BEFORE = 50
"""Of these before the first mark."""
MOST_PLACES = 500
"""Places that are looked at to find the best ones."""
GAP = re.compile(r"\s+")


class Snippet(Value):
    """Some words of a text."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()
    """Where the words begin and end that were looked for."""


class _Place(NamedTuple):
    """Where a term stands."""

    start: int
    end: int
    term: int


def snippet(text: str, query: SearchQuery) -> Snippet:
    r"""The words around the place of a text that has most of what is wanted.

    >>> from agent.core.search_query import parse
    >>> snippet("Call the plumber,\nthen Bob.", parse("plumber bo"))
    Snippet(text='Call the plumber, then Bob.', marks=((9, 16), (23, 26)))
    """
    places = _places(list(words(text)), query.wanted)
    first = max(places, key=lambda place: _count(places, place), default=None)
    start = _at_word(text, first.start - BEFORE) if first else 0
    end = min(len(text), start + LENGTH)
    within = [place for place in places if place.start >= start and place.end <= end]
    return _drawn(text, start, end, within)


def _places(found: Sequence[Word], terms: Sequence[Term]) -> list[_Place]:
    places: list[_Place] = []
    firsts = tuple(term.words[0] for term in terms)
    for at, word in enumerate(found):
        if not word.text.startswith(firsts):
            continue
        for number, term in enumerate(terms):
            if _stands(found, at, term):
                last = found[at + len(term.words) - 1]
                places.append(_Place(word.start, last.end, number))
        if len(places) >= MOST_PLACES:
            break
    return places


def _stands(found: Sequence[Word], at: int, term: Term) -> bool:
    """Whether a term stands at a place."""
    *firsts, last = term.words
    said = [word.text for word in found[at : at + len(term.words)]]
    if len(said) < len(term.words) or said[:-1] != firsts:
        return False
    return said[-1].startswith(last) if term.is_prefix else said[-1] == last


def _count(places: Sequence[_Place], first: _Place) -> int:
    """How many of the terms a snippet has that begins with a place."""
    last = first.start + LENGTH - BEFORE
    return len({place.term for place in places if first.start <= place.start and place.end <= last})


def _at_word(text: str, start: int) -> int:
    """The beginning of a word, at a place or a little after it."""
    if start <= 0:
        return 0
    gap = GAP.search(text, start, start + BEFORE // 2)
    return gap.end() if gap else start


def _drawn(text: str, start: int, end: int, places: Sequence[_Place]) -> Snippet:
    """The snippet on one line, its marks where they stand there."""
    said = "…" if start else ""
    marks: list[tuple[int, int]] = []
    at = start
    for place in sorted(places, key=lambda place: (place.start, -place.end)):
        if place.start < at:
            continue
        said += GAP.sub(" ", text[at : place.start])
        begins = len(said)
        said += GAP.sub(" ", text[place.start : place.end])
        marks.append((begins, len(said)))
        at = place.end
    said += GAP.sub(" ", text[at:end])
    return Snippet(text=said + ("…" if end < len(text) else ""), marks=tuple(marks))
