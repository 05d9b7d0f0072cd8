"""What is looked for, and what of a text it can meet: words, the same for every database."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from agent.core.messages import Value

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Scripts that leave no gaps between words: each letter counts as a word of its own."""
RUN = re.compile(r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*")
"""Letters and digits; `_` parts words, so that `read_file` is found by `file`."""
PLAIN = re.compile("[a-z0-9]+")
WORD = re.compile(f"[{UNSPACED}]|[^{UNSPACED}]+")
"""What of a run is a word."""
ASKED = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)(?P<shut>"?)|(?P<plain>[^\s"]+))')
LONGEST_WORD = 64
"""Characters of a word that count."""
MOST_TERMS = 16
SHORTEST_BEGINNING = 2
"""Characters of a word that may go on: with one alone nearly everything would be found, slowly."""


class Word(NamedTuple):
    """A word of a text: as it is looked up, and where it stands."""

    text: str
    start: int
    end: int


class Term(Value):
    """Words that stand one after the other."""

    words: tuple[str, ...]
    is_prefix: bool = False
    """Whether the last one may go on."""


class SearchQuery(Value):
    """What a text must hold to be found, and what it must not."""

    wanted: tuple[Term, ...] = ()
    unwanted: tuple[Term, ...] = ()


def folded(word: str) -> str:
    """A word as it is looked up: without case, accents and forms.

    >>> folded("Élan"), folded("ﬁle")
    ('elan', 'file')
    """
    if word.isascii():
        return word.lower()[:LONGEST_WORD]
    plain = unicodedata.normalize("NFKD", word).casefold()
    return "".join(letter for letter in plain if letter.isalnum())[:LONGEST_WORD]


def words(text: str) -> Iterator[Word]:
    """The words of a text, in order.

    >>> [word.text for word in words("Read_File('src/äpp.py')")]
    ['read', 'file', 'src', 'app', 'py']
    """
    for found in RUN.finditer(text):
        run, start = found[0], found.start()
        if run.isascii():
            yield Word(folded(run), start, found.end())
            continue
        for part in WORD.finditer(run):
            if word := folded(part[0]):
                yield Word(word, start + part.start(), start + part.end())


def folded_words(text: str) -> list[str]:
    """The words of a text as they are looked up, without their places: quicker.

    >>> folded_words("Read_File('src/äpp.py')")
    ['read', 'file', 'src', 'app', 'py']
    """
    if text.isascii():
        return [word[:LONGEST_WORD] for word in PLAIN.findall(text.lower())]
    return [word.text for word in words(text)]


def parse(asked: str) -> SearchQuery:
    """Read what a person typed: words, "phrases", -unwanted ones; the last word may be a beginning.

    Nothing is an error: what is none of these is a gap between words.

    >>> query = parse('copy "src/app" -draft fil')
    >>> [term.words for term in query.wanted], [term.words for term in query.unwanted]
    ([('copy',), ('src', 'app'), ('fil',)], [('draft',)])
    >>> [term.is_prefix for term in query.wanted]
    [False, False, True]
    """
    wanted: list[Term] = []
    unwanted: list[Term] = []
    for found in islice(ASKED.finditer(asked), MOST_TERMS):
        said = found["plain"] if found["phrase"] is None else found["phrase"]
        term = tuple(word.text for word in words(said))
        if not term:
            continue
        is_last = found.end() == len(asked.rstrip())
        is_prefix = is_last and not found["shut"] and not found["minus"] and len(said) >= SHORTEST_BEGINNING
        (unwanted if found["minus"] else wanted).append(Term(words=term, is_prefix=is_prefix))
    return SearchQuery(wanted=tuple(wanted), unwanted=tuple(unwanted))
