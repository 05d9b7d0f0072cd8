"""Tokens: made at random, stored as hashes, remembered for a moment."""

import hashlib
import secrets
import time
from typing import Generic, TypeVar

FRESH_FOR = 1.5
"""Seconds an answer is believed; a revoked token is refused at the latest after them."""
REMEMBERED = 1000

T = TypeVar("T")


def new_token(prefix: str) -> str:
    """A new token of 256 bits; the prefix tells people and scanners what they found."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def hashed(token: str) -> str:
    """What is stored in a token's place.

    >>> hashed("a")[:8]
    'ca978112'
    """
    return hashlib.sha256(token.encode()).hexdigest()


class Remembered(Generic[T]):
    """Answers that need not be asked again for a moment."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, T]] = {}

    def get(self, key: str) -> T | None:
        """The answer, when it is still fresh."""
        until, value = self._kept.get(key, (0.0, None))
        return value if until > time.monotonic() else None

    def forget(self, key: str) -> None:
        """Remember nothing of it."""
        self._kept.pop(key, None)

    def clear(self) -> None:
        """Remember nothing at all."""
        self._kept.clear()

    def put(self, key: str, value: T) -> T:
        """Remember an answer and give it back."""
        if len(self._kept) >= REMEMBERED:
            self._kept.clear()
        self._kept[key] = (time.monotonic() + FRESH_FOR, value)
        return value
