"""What went wrong at a provider, in our words; told by shape, so that no SDK is imported for it."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import cast

from agent.core.errors import ProviderError, ProviderErrorKind
from agent.core.provider import Credential

FOREIGN = frozenset({"openai", "anthropic", "google"})
"""Packages whose exceptions are a provider's answer."""

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
    ("quota", "insufficient_quota|billing|credit balance|insufficient balance|insufficient credits"),
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
    413: "context",
    429: "rate",
}
TELLING = frozenset({"context", "quota", "auth", "safety", "cut"})
"""Kinds that a sentence tells better than the status does: a bad key may come as 400, a quota as 429."""


class Translated:
    """Inside it, what a provider's SDK raises becomes a ProviderError that does not hold the key."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, ProviderError):
            told = provider_error(error, self._credential.secret.get_secret_value())
            if told is not None:
                raise told from error


def provider_error(error: BaseException, secret: str = "") -> ProviderError | None:
    """What an exception says about the provider; None when it says nothing (a mistake of ours).

    >>> provider_error(ConnectionRefusedError("nobody listens")).kind
    'network'
    >>> provider_error(KeyError("ours")) is None
    True
    """
    if isinstance(error, ProviderError):
        return error
    kind = _kind(error)
    if kind is None:
        return None
    message = _words(error) or type(error).__name__
    if secret:
        message = message.replace(secret, "…")
    return ProviderError(kind, message[:MESSAGE_LENGTH], retry_after(error))


def stream_error(code: object, message: object) -> ProviderError:
    """An error that a provider put into a running stream.

    >>> stream_error("rate_limit_exceeded", "Slow down").kind
    'rate'
    """
    words = " ".join(str(word) for word in (code, message) if word)
    return ProviderError(classify(None, words), words[:MESSAGE_LENGTH])


def classify(status: int | None, words: str) -> ProviderErrorKind:
    """The kind of an answer with this status (None or 200: inside a stream) and these words.

    >>> classify(400, "API key not valid. Please pass a valid API key.")
    'auth'
    >>> classify(429, "insufficient_quota"), classify(503, ""), classify(404, "no such model")
    ('quota', 'overloaded', 'bad_request')
    """
    lower = words.lower()
    said: ProviderErrorKind | None = next(
        (kind for kind, pattern in PATTERNS if re.search(pattern, lower)), None
    )
    if status is None or status < 400:  # noqa: PLR2004 - the first status of an error
        return said or "overloaded"
    if said in TELLING:
        return said
    if status in STATUSES:
        return STATUSES[status]
    return "overloaded" if status >= 500 else "bad_request"  # noqa: PLR2004 - the server's own errors


def retry_after(error: BaseException) -> float | None:
    """Seconds the provider asks to wait, from its headers or Google's RetryInfo."""
    headers = cast("Mapping[str, str]", getattr(getattr(error, "response", None), "headers", None) or {})
    if (wait := _number(headers.get("retry-after-ms"))) is not None:
        return wait / 1000
    if header := headers.get("retry-after"):
        return _number(header) if _number(header) is not None else _until(header)
    details = json.dumps(getattr(error, "details", None), default=str)
    delay = re.search(r'"retryDelay": "([0-9.]+)s"', details)
    return float(delay[1]) if delay else None


def _kind(error: BaseException) -> ProviderErrorKind | None:
    package = type(error).__module__.partition(".")[0]
    names = {type(error).__name__, type(error.__cause__).__name__}
    if "RemoteProtocolError" in names or isinstance(error, ValueError):
        return "cut"
    if isinstance(error, OSError) or package in {"httpx2", "httpcore2"}:
        return "network"
    if names & {"APIConnectionError", "APITimeoutError"}:
        return "network"
    if "RefreshError" in names:
        return "auth"
    return classify(_status(error), _codes(error)) if package in FOREIGN else None


def _status(error: BaseException) -> int | None:
    return next((at for at in _attributes(error, "status_code", "code") if isinstance(at, int)), None)


def _codes(error: BaseException) -> str:
    said = [str(at) for at in _attributes(error, "code", "type", "status") if isinstance(at, str)]
    return " ".join([*said, str(error)])


def _attributes(error: BaseException, *names: str) -> list[object]:
    return [getattr(error, name, None) for name in names]


def _words(error: BaseException) -> str:
    """The sentence inside an error's body, else the error's own."""
    body = getattr(error, "body", None)
    for _ in range(2):
        if isinstance(body, Mapping):
            fields = cast("Mapping[str, object]", body)
            if isinstance(fields.get("message"), str):
                return str(fields["message"])
            body = fields.get("error")
    message = getattr(error, "message", None)
    return message if isinstance(message, str) and message else str(error)


def _number(header: str | None) -> float | None:
    return float(header) if header and re.fullmatch(r"\d+(\.\d+)?", header.strip()) else None


def _until(header: str) -> float | None:
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
