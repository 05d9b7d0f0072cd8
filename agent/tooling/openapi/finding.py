"""Operations found by words: a catalogue of a thousand does not go to the model whole."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable

from agent.tooling.openapi.description import Operation

WEIGHTS = {"name": 3.0, "summary": 3.0, "path": 2.0, "tags": 1.5, "method": 2.0, "told": 0.5}
"""What a word counts by where it stands."""
VERBS = {
    "get": "get list show read fetch find search view",
    "head": "head check exists",
    "post": "create add new post make send run start",
    "put": "set put replace update add edit",
    "patch": "update edit change patch modify rename",
    "delete": "delete remove cancel unset",
    "options": "options",
}
PREFIX = 0.5
"""What a word counts that only begins like the one asked for."""
SHORTEST_PREFIX = 3
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_EMPTY = frozenset(
    {
        *(
            "a",
            "an",
            "and",
            "as",
            "at",
            "by",
            "for",
            "from",
            "in",
            "into",
            "is",
            "it",
            "of",
            "on",
            "or",
            "that",
        ),
        *("the", "this", "to", "with", "you", "your", "me", "my"),
    }
)


def words(text: str) -> list[str]:
    """The words of a text or name, in small letters and without a plural's s.

    >>> words("repos/listForAuthenticatedUser of HTTPServers")
    ['repo', 'list', 'authenticated', 'user', 'http', 'server']
    """
    found = (word.lower() for word in _WORD.findall(text))
    return [_single(word) for word in found if word not in _EMPTY]


def _single(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:  # noqa: PLR2004 - dies, lies
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and len(word) > 3 and not word.endswith("ss") else word  # noqa: PLR2004


class Index:
    """The words of a service's operations."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._operations = tuple(operations)
        self._weights: defaultdict[str, dict[int, float]] = defaultdict(dict)
        """By word: the operations it stands in, and what it counts there."""
        for number, operation in enumerate(self._operations):
            for word, weight in _weighed(operation).items():
                self._weights[word][number] = weight

    def find(self, prompt: str) -> list[tuple[float, Operation]]:
        """The operations that fit best, the best first, each with how well it fits."""
        scores: defaultdict[int, float] = defaultdict(float)
        for word in dict.fromkeys(words(prompt)):
            best: dict[int, float] = {}
            for known in self._like(word):
                rarity = math.log(1 + len(self._operations) / len(self._weights[known]))
                strength = rarity * (1.0 if known == word else PREFIX)
                for number, weight in self._weights[known].items():
                    best[number] = max(best.get(number, 0.0), strength * weight)
            for number, score in best.items():
                scores[number] += score
        for number, operation in enumerate(self._operations):
            if operation.name == prompt.strip():
                scores[number] += 1000
        ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        return [(score, self._operations[number]) for number, score in ranked]

    def _like(self, word: str) -> list[str]:
        if len(word) < SHORTEST_PREFIX:
            return [word] if word in self._weights else []
        return [
            known
            for known in self._weights
            if known.startswith(word) or (len(known) >= SHORTEST_PREFIX and word.startswith(known))
        ]


def _weighed(operation: Operation) -> dict[str, float]:
    places = {
        "name": operation.name,
        "summary": operation.summary,
        "path": re.sub(r"\{[^{}]*\}", " ", operation.path),
        "tags": " ".join(operation.tags),
        "method": VERBS.get(operation.method, ""),
        "told": operation.told[:300],
    }
    weights: defaultdict[str, float] = defaultdict(float)
    own: set[str] = set()
    for place, text in places.items():
        found = set(words(text))
        own |= found if place in {"name", "summary", "path"} else set()
        for word in found:
            weights[word] += WEIGHTS[place]
    # Among those that say what is asked for, the one that says little else is meant.
    return {word: weight / math.sqrt(3 + len(own)) for word, weight in weights.items()}
