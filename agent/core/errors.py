"""What can go wrong, by who reads of it."""

from typing import Literal

from pydantic import JsonValue

ProviderErrorKind = Literal[
    "auth", "quota", "rate", "overloaded", "context", "safety", "network", "cut", "bad_request"
]


class ProviderError(Exception):
    """A provider did not answer; read by the loop, which waits, falls back or ends the turn."""

    def __init__(
        self,
        kind: ProviderErrorKind,
        message: str = "",
        retry_after: float | None = None,
        *,
        is_passing: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.kind: ProviderErrorKind = kind
        self.message = message
        """The provider's own words, without credentials; for the log and the opened notice."""
        self.retry_after = retry_after
        """Seconds the provider asks to wait; None when it does not say."""
        self.is_passing = is_passing
        """Whether the provider says that asking again may help; None when its kind must tell."""


class Resting(ProviderError):
    """It was not even asked, as it failed again and again; `retry_after` says when it is tried again."""


class ToolFailed(Exception):
    """A tool could not do it; its text is told to the model and the turn goes on."""


class MaestroError(Exception):
    """Something a person is told of: a code and values, no sentence (those are the page's)."""

    def __init__(self, code: str, **values: JsonValue) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


class NotFound(MaestroError):
    """There is no such thing, or it belongs to someone else."""


class NotAllowed(MaestroError):
    """The asking user may not do this."""


class NotSignedIn(NotAllowed):
    """Nobody known asks: without a sign-in, or with one that has ended."""

    def __init__(self) -> None:
        super().__init__("not_signed_in")


class Conflict(MaestroError):
    """It does not fit the present state."""


class Invalid(MaestroError):
    """What was asked for cannot be."""


class LimitReached(MaestroError):
    """Too much, too large or too often."""


class Unavailable(MaestroError):
    """Something Maestro stands on does not answer: the database, the disk."""
