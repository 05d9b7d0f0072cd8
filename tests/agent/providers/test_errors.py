"""Failures by status, on the wire, and what they become."""

import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from agent.core.errors import ProviderError
from agent.core.provider import Credential
from agent.providers._errors import Translated, classify, provider_error, retry_after, stream_error
from agent.providers.anthropic import AnthropicProvider
from tests.agent.providers.wires import PROVIDERS, connected, prompt, reached
from tests.replay import Replay

STATUSES = {
    400: "bad_request",
    401: "auth",
    402: "quota",
    403: "auth",
    404: "bad_request",
    408: "overloaded",
    413: "context",
    422: "bad_request",
    429: "rate",
    500: "overloaded",
    502: "overloaded",
    503: "overloaded",
    529: "overloaded",
}


@pytest.mark.parametrize("name", ["anthropic", "openai", "compatible", "gemini", "vertex"])
async def test_a_status_becomes_its_kind_and_its_wait_is_kept(name: str, replay: Replay) -> None:
    folder = "gemini" if name == "vertex" else name
    async with connected(PROVIDERS[name], "http://127.0.0.1:9") as nowhere:
        with pytest.raises(ProviderError) as refused:
            _ = [event async for event in nowhere.stream_completion(prompt())]
    assert refused.value.kind == "network"
    for status, kind in STATUSES.items():
        with pytest.raises(ProviderError) as caught:
            await reached(PROVIDERS[name], replay.url(f"{folder}/text", fail=f"1:{status}:7"), prompt())
        assert (status, caught.value.kind, caught.value.retry_after) == (status, kind, 7.0)
        assert "injected fault" in caught.value.message.lower()
        assert len(replay.last.requests) == 1, "nobody retries behind the loop's back"


@pytest.mark.parametrize("name", ["anthropic", "openai", "compatible", "gemini"])
async def test_a_connection_that_drops_is_a_cut(name: str, replay: Replay) -> None:
    with pytest.raises(ProviderError) as caught:
        await reached(PROVIDERS[name], replay.url(f"{name}/text", cut=200), prompt())
    assert caught.value.kind == "cut"


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def test_a_silent_provider_is_given_up(silent: str) -> None:
    provider = AnthropicProvider(Credential(base_url=silent), idle=0.05)
    with pytest.raises(ProviderError) as caught:
        await anext(provider.stream_completion(prompt()))
    assert caught.value.kind == "network"
    await provider.close()


async def test_a_stream_that_falls_silent_is_given_up(replay: Replay) -> None:
    url = replay.url("anthropic/text", delay=60_000)
    provider = AnthropicProvider(Credential(base_url=url), idle=0.3)
    with pytest.raises(ProviderError) as caught:
        _ = [event async for event in provider.stream_completion(prompt())]
    assert caught.value.kind == "network"
    await provider.close()


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "context_length_exceeded", "context"),
        (400, "Your prompt is too long: 200001 tokens > 200000 maximum", "context"),
        (400, "The input token count (9) exceeds the maximum number of tokens allowed (8).", "context"),
        (400, "This model's maximum context length is 8192 tokens.", "context"),
        (400, "request (9000 tokens) exceeds the available context size (8192 tokens)", "context"),
        (429, "insufficient_quota", "quota"),
        (400, "Your credit balance is too low", "quota"),
        (400, "API key not valid. Please pass a valid API key.", "auth"),
        (400, "The response was filtered by content management policy", "safety"),
        (400, "tool_use_failed", "cut"),
        (429, "You exceeded your current quota, please check your plan.", "rate"),
        (None, "overloaded_error", "overloaded"),
        (200, "rate_limit_error", "rate"),
        (200, "invalid_request_error", "bad_request"),
        (None, "something nobody foresaw", "overloaded"),
    ],
)
def test_words_tell_the_kind(status: int | None, words: str, kind: str) -> None:
    assert classify(status, words) == kind


@pytest.mark.parametrize("error", [TypeError("ours"), AttributeError("ours"), KeyError("ours")])
def test_a_mistake_of_ours_stays_what_it_is(error: Exception) -> None:
    with pytest.raises(type(error)), Translated(Credential()):
        raise error


def test_a_key_is_never_repeated() -> None:
    error = provider_error(OSError("no way to https://example.org/?key=sk-123"), "sk-123")
    assert error is not None
    assert error.message == "no way to https://example.org/?key=…"


def test_a_provider_error_passes_as_it_is() -> None:
    error = stream_error("server_error", "It broke.")
    assert provider_error(error) is error
    assert (error.kind, error.message) == ("overloaded", "server_error It broke.")


class Answer:
    def __init__(self, **headers: str) -> None:
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class RefusedError(Exception):
    def __init__(self, answer: Answer | None = None, details: object = None) -> None:
        self.response = answer
        self.details = details


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (RefusedError(Answer(retry_after="2")), 2.0),
        (RefusedError(Answer(retry_after_ms="1500", retry_after="9")), 1.5),
        (RefusedError(Answer(retry_after="soon")), None),
        (RefusedError(Answer(retry_after="Mon, 01 Jan 2001 00:00:00 GMT")), 0.0),
        (RefusedError(details={"error": {"details": [{"retryDelay": "0.5s"}]}}), 0.5),
        (RefusedError(), None),
    ],
)
def test_how_long_to_wait(error: Exception, wait: float | None) -> None:
    assert retry_after(error) == wait


def test_a_date_to_wait_for() -> None:
    wait = retry_after(
        RefusedError(Answer(retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=60))))
    )
    assert wait is not None
    assert 55 < wait <= 60
