"""How a provider fares with one credential: after failures in a row it rests, and is not asked meanwhile."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# The library comes without types.

from contextlib import suppress
from typing import cast

from circuitbreaker import CircuitBreaker

from agent.core.errors import ProviderError, Resting

FAILURES = 5
"""In a row, until it rests."""
REST = 30
"""Seconds it is left alone; then one request tries it."""
OUTAGES = frozenset({"overloaded", "network", "cut"})
"""Kinds of errors that say nothing about the request, only about who serves it."""


class Health:
    """A circuit breaker: closed, open (it rests) or half open (the next request tries it)."""

    def __init__(self, rest: int = REST) -> None:
        self._breaker = CircuitBreaker(FAILURES, rest, ProviderError)

    @property
    def rests_for(self) -> int:
        """Seconds until it is tried again; 0 when it may be asked.

        >>> Health().rests_for
        0
        """
        return max(1, self._breaker.open_remaining) if self._breaker.opened else 0

    @property
    def failures(self) -> int:
        """How often it failed in a row."""
        return self._breaker.failure_count

    def require(self) -> None:
        """Let nobody ask while it rests.

        Raises:
            Resting: it failed too often just now.
        """
        if self.rests_for:
            last = cast("ProviderError | None", self._breaker.last_failure)
            raise Resting("overloaded", last.message if last else "", float(self.rests_for))

    def note(self, error: ProviderError | None) -> None:
        """Take note of how a request ended; an answer that is a refusal shows that it is well.

        >>> health = Health()
        >>> for _ in range(FAILURES):
        ...     health.note(ProviderError("network"))
        >>> health.rests_for > 0
        True
        """
        with suppress(ProviderError), self._breaker:
            if error is not None and error.kind in OUTAGES:
                raise error
