"""What went wrong at a provider, in our words; told by shape, so that no SDK is imported for it."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from traceback import walk_tb
from types import TracebackType
from typing import cast

from agent.core.errors import ProviderError, ProviderErrorKind
from agent.core.provider import Credential

FOREIGN = frozenset({"openai", "anthropic", "google"})
"""Packages whose exceptions are a provider's answer."""
OURS = "agent"

MESSAGE_LENGTH = 2000
"""Characters of a provider's own words that are kept."""

PATTERNS: tuple[tuple[ProviderErrorKind, str], ...] = (
    (
        "context",
        (
            "context_length_exceeded|context_window_exceeded|prompt is too long|maximum context length"
            "|exceeds? the (maximum|available|model's)[a-z ]* (number of tokens|context)|request_too_large"
        ),
    ),
    (
        "quota",
        (
            "insufficient_quota|billing_|requires billing|billing to be enabled|insufficient_g1_credits"
            "|credit balance|insufficient balance|insufficient credits"
            # Google: what is gone until tomorrow, and what was never granted.
            r"|quota_exhausted|perday|daily limit|limit: 0(?![.\d])"
            "|^(?!.*rate_limit_exceeded).*exhausted your capacity"
        ),
    ),
    ("auth", "api key not valid|api_key_invalid|invalid_api_key|api key expired|authentication_error"),
    ("safety", "content_filter|content_policy|content management policy|safety system|cyber_policy"),
    ("cut", "tool_use_failed"),
    ("rate", "rate_limit|resource_exhausted|too many requests"),
    ("overloaded", "overloaded|server_error|api_error|internal_error|unavailable|engine_busy"),
    ("bad_request", "invalid_request|invalid_argument|invalid_prompt|not_found"),
)
"""Codes and sentences by which providers say it, the telling ones first."""

STATUSES: dict[int, ProviderErrorKind] = {
    401: "auth",
    402: "quota",
    403: "auth",
    408: "overloaded",
    409: "overloaded",
    413: "context",
    429: "rate",
    499: "overloaded",
}
TELLING = frozenset({"context", "quota", "auth", "safety", "cut"})
"""Kinds that a sentence tells better than the status does: a bad key may come as 400, a quota as 429."""

DURATION = r"((?:[0-9]+(?:\.[0-9]+)? ?(?:ms|milli|h|m|s)[a-z]* ?)+)"
WAITS = (rf"""retrydelay['"]: ['"]{DURATION}""", rf"(?:retry|try again) (?:in|after) {DURATION}")
"""How a wait is written: Google's RetryInfo, and sentences."""
SECONDS = {"ms": 0.001, "milli": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
MINUTE = 60.0
"""Seconds after which a limit by the minute is open again."""


class Translated:
    """Inside it, what a provider's SDK raises becomes a ProviderError that does not hold the key."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        secret = self._credential.secret.get_secret_value()
        told = provider_error(error, secret) if isinstance(error, Exception) else None
        if told is not None and told is not error:
            raise told from (None if secret and secret in str(error) else error)


def provider_error(error: BaseException, secret: str = "") -> ProviderError | None:
    """What an exception says about the provider; None when it says nothing (a mistake of ours).

    >>> provider_error(ConnectionRefusedError("nobody listens")).kind
    'network'
    >>> provider_error(KeyError("ours")) is None
    True
    """
    if isinstance(error.__cause__, ProviderError):
        error = error.__cause__  # ours, wrapped by an SDK on its way
    if isinstance(error, ProviderError):
        if not (secret and secret in error.message):
            return error
        return ProviderError(
            error.kind, error.message.replace(secret, "…"), error.retry_after, is_passing=error.is_passing
        )
    kind = _kind(error)
    if kind is None:
        return None
    message = plain(_words(error)) or type(error).__name__
    if secret:
        message = message.replace(secret, "…")
    return ProviderError(kind, message[:MESSAGE_LENGTH], retry_after(error), is_passing=is_passing(error))


def stream_error(code: object, message: object) -> ProviderError:
    """An error that a provider put into a running stream.

    >>> error = stream_error("rate_limit_exceeded", "Please try again in 1.5s.")
    >>> error.kind, error.retry_after
    ('rate', 1.5)
    """
    words = " ".join(str(word) for word in (code, message) if word)
    return ProviderError(classify(None, words), words[:MESSAGE_LENGTH], wait(words))


def classify(status: int | None, words: str) -> ProviderErrorKind:
    """The kind of an answer with this status (None or 200: inside a stream) and these words.

    >>> classify(400, "API key not valid. Please pass a valid API key.")
    'auth'
    >>> classify(429, "insufficient_quota"), classify(503, ""), classify(404, "no such model")
    ('quota', 'overloaded', 'bad_request')
    """
    lower = words.lower()
    said: ProviderErrorKind | None = next(
        (kind for kind, pattern in PATTERNS if re.search(pattern, lower, re.DOTALL)), None
    )
    if status is None or status < 300:  # noqa: PLR2004 - what is no refusal is an error inside a stream
        return said or "overloaded"
    if said in TELLING:
        return said
    if status in STATUSES:
        return STATUSES[status]
    return "overloaded" if status >= 500 else "bad_request"  # noqa: PLR2004 - the server's own errors


def is_passing(error: BaseException) -> bool | None:
    """Whether the provider says that asking again may help; None when it does not say.

    >>> is_passing(ConnectionRefusedError()) is None
    True
    """
    return {"true": True, "false": False}.get(_headers(error).get("x-should-retry", "").lower())


def retry_after(error: BaseException) -> float | None:
    """Seconds the provider asks to wait, from its headers or its words; None when it does not say."""
    headers = _headers(error)
    if (asked := _number(headers.get("retry-after-ms"))) is not None:
        return asked / 1000
    if header := headers.get("retry-after"):
        return _number(header) if _number(header) is not None else _until(header)
    return wait(_blob(error))


def wait(words: str) -> float | None:
    """Seconds to wait, as an answer's words say it; None when they do not.

    >>> wait("Please retry in 44.09s."), wait("Please try again in 6m0s"), wait("retry after 26 seconds")
    (44.09, 360.0, 26.0)
    >>> wait('{"retryDelay": "34.4s"}'), wait("RequestsPerMinute"), wait("later")
    (34.4, 60.0, None)
    """
    lower = words.lower()
    found = next((match[1] for pattern in WAITS if (match := re.search(pattern, lower))), "")
    if not found:
        return MINUTE if "perminute" in lower else None
    lengths = re.findall(r"([0-9.]+) ?(ms|milli|h|m|s)", found)
    return sum(float(length) * SECONDS[unit] for length, unit in lengths)


def plain(words: str) -> str:
    """A page that came instead of an answer, by its title; other words as they are.

    >>> plain("<!DOCTYPE html><head><title>502 Bad Gateway</title></head>"), plain("a < b")
    ('502 Bad Gateway', 'a < b')
    """
    if not re.search(r"<html|<!doctype html", words, re.IGNORECASE):
        return words
    title = re.search(r"<title[^>]*>([^<]*)", words, re.IGNORECASE)
    return (title[1].strip() if title else "") or "A web page came instead of an answer."


def _kind(error: BaseException) -> ProviderErrorKind | None:
    package = type(error).__module__.partition(".")[0]
    names = {type(error).__name__, type(error.__cause__).__name__}
    if "RemoteProtocolError" in names or isinstance(
        error, json.JSONDecodeError | UnicodeError | RecursionError
    ):
        return "cut"
    if isinstance(error, OSError) or package in {"httpx2", "httpcore2"}:
        return "network"
    if names & {"APIConnectionError", "APITimeoutError"}:
        return "network"
    if "RefreshError" in names:
        return "auth"
    if package in FOREIGN and not isinstance(error, ValueError):
        return classify(_status(error), _blob(error))
    return "cut" if package in FOREIGN or _stumbled(error) else None


def _stumbled(error: BaseException) -> bool:
    """Whether an SDK fell over what it was sent: it was raised there, below the last frame of ours."""
    frames = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)]
    packages = [name.partition(".")[0] for name in frames]
    ours = len(packages) - [*reversed(packages), OURS].index(OURS)
    return not FOREIGN.isdisjoint(packages[ours:])


def _status(error: BaseException) -> int | None:
    return next((at for at in _attributes(error, "status_code", "code") if isinstance(at, int)), None)


def _blob(error: BaseException) -> str:
    """All that an error says: its codes, its sentence, its body, its details."""
    said = [at for at in _attributes(error, "code", "type", "status", "body", "details") if at is not None]
    return " ".join(map(str, (*said, error)))


def _attributes(error: BaseException, *names: str) -> list[object]:
    return [getattr(error, name, None) for name in names]


def _words(error: BaseException) -> str:
    """The sentence inside an error's body, else the error's own; what broke a connection is in its cause."""
    if type(error).__name__ == "APIConnectionError" and error.__cause__:
        return f"{error} {error.__cause__}"
    body = getattr(error, "body", None)
    for _ in range(3):
        if isinstance(body, list) and body:
            body = cast("list[object]", body)[0]  # Google's own form of Chat Completions
        if isinstance(body, str) and body:
            return body
        if isinstance(body, Mapping):
            fields = cast("Mapping[str, object]", body)
            told = next((fields[name] for name in ("message", "msg") if fields.get(name)), None)
            if isinstance(told, str):
                return told
            body = fields.get("error") or fields.get("detail")
    message = getattr(error, "message", None)
    return message if isinstance(message, str) and message else str(error)


def _headers(error: BaseException) -> Mapping[str, str]:
    return cast("Mapping[str, str]", getattr(getattr(error, "response", None), "headers", None) or {})


def _number(header: str | None) -> float | None:
    return float(header) if header and re.fullmatch(r"\d+(\.\d+)?", header.strip()) else None


def _until(header: str) -> float | None:
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
