"""Everything that can go wrong on the way, over real HTTP: what a step comes to, and how soon."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core.errors import ProviderError
from agent.core.provider import Provider
from agent.providers import _http
from tests.agent.providers.conftest import FIXTURES
from tests.agent.providers.framing import STREAMED_AT
from tests.agent.providers.wires import (
    KEY,
    MAKERS,
    PROVIDERS,
    Reached,
    Step,
    connected,
    finish,
    outcome,
    prompt,
)
from tests.replay import Replay, exchanges, pieces

pytestmark = pytest.mark.asyncio(loop_scope="session")

WIRES = {
    "anthropic": "anthropic-messages",
    "openai": "openai-responses",
    "compatible": "openai-chat",
    "gemini": "gemini",
    "vertex": "vertex",
}
everywhere = pytest.mark.parametrize("name", WIRES)
STATUSES = {
    400: "bad_request",
    401: "auth",
    402: "quota",
    403: "auth",
    404: "bad_request",
    408: "overloaded",
    409: "overloaded",
    413: "context",
    422: "bad_request",
    429: "rate",
    500: "overloaded",
    502: "overloaded",
    503: "overloaded",
    529: "overloaded",
}
HINTS: dict[str, tuple[dict[str, str], list[Any], float | None]] = {
    "none": ({}, [], None),
    "seconds": ({"retry-after": "7"}, [], 7.0),
    "milliseconds": ({"retry-after-ms": "1500", "retry-after": "2"}, [], 1.5),
    "RetryInfo": ({}, [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}], 34.4),
}
"""Headers, details of the body, and the seconds that they ask to wait."""
PAGE = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body></html>"
NO_EVENTS = ("data: 7\n\n", "data: []\n\n", "data: null\n\n")
CASES = ("text", "thinking", "calls")


def case(name: str, fixture: str) -> dict[str, Any]:
    """An exchange of our own fixtures."""
    folder = "gemini" if name == "vertex" else name
    return exchanges(FIXTURES / folder / f"{fixture}.jsonl")[0]


def row(
    name: str, body: str, status: int = 200, media: str = "text/event-stream", **headers: str
) -> dict[str, Any]:
    """An exchange with this answer, at the endpoint that this provider asks."""
    sent = {"content-type": media} | {key.replace("_", "-"): value for key, value in headers.items()}
    answer = {"status": status, "headers": sent, "stream": media == "text/event-stream", "body": body}
    asked = {"method": "POST", "path": STREAMED_AT[WIRES[name]]}
    return {"kind": "exchange", "n": 0, "request": asked, "response": answer}


def refusal(name: str, status: int, details: list[Any], words: str = "It does not work.") -> str:
    """The body of a refusal, in the form of the wire."""
    error: dict[str, Any] = {"message": words}
    if name in {"gemini", "vertex"}:
        error |= {"code": status, "status": "FAILED"}
    else:
        error |= {"type": "some_failure", "code": None}
    if details:
        error["details"] = details
    return json.dumps({"type": "error", "error": error})


async def failure(provider: Provider) -> ProviderError:
    """The error that a step ends in before anything was heard; it holds no key."""
    step, error = await outcome(provider)
    assert (step.deltas, step.ends) == ([], [])
    return told(error)


def told(error: ProviderError | None) -> ProviderError:
    """An error that says something, but no key."""
    assert error is not None
    assert error.message
    assert KEY not in f"{error.message} {error!r} {'' if error.__suppress_context__ else error.__cause__!r}"
    return error


# What a provider answers instead of a stream.


@everywhere
@pytest.mark.parametrize("hint", HINTS)
async def test_a_status_becomes_its_kind_and_its_hint_is_kept(
    name: str, hint: str, reach: dict[str, Reached]
) -> None:
    headers, details, wait = HINTS[hint]
    for status, kind in STATUSES.items():
        body = refusal(name, status, details)
        recording = reach[name].told(row(name, body, status, "application/json", **headers))
        error = await failure(reach[name].provider)
        assert (status, error.kind, error.retry_after) == (status, kind, wait)
        assert "It does not work." in error.message
        assert len(recording.requests) == 1, "nobody retries behind the loop's back"


@everywhere
async def test_a_date_to_wait_for_becomes_seconds(name: str, reach: dict[str, Reached]) -> None:
    for status in (429, 503):
        date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
        body = refusal(name, status, [])
        reach[name].told(row(name, body, status, "application/json", **{"retry-after": date}))
        error = await failure(reach[name].provider)
        assert error.kind == STATUSES[status]
        assert error.retry_after is not None
        assert 3000 < error.retry_after <= 3600


@everywhere
async def test_a_sentence_to_wait_becomes_seconds(name: str, reach: dict[str, Reached]) -> None:
    body = refusal(name, 429, [], "Too much. Please retry in 44.09s.")
    reach[name].told(row(name, body, 429, "application/json"))
    error = await failure(reach[name].provider)
    assert (error.kind, error.retry_after) == ("rate", 44.09)


@everywhere
async def test_a_key_that_a_provider_repeats_is_taken_out(name: str, reach: dict[str, Reached]) -> None:
    body = refusal(name, 401, [], f"Incorrect API key provided: {KEY}.")
    reach[name].told(row(name, body, 401, "application/json"))
    error = await failure(reach[name].provider)
    assert (error.kind, error.message) == ("auth", "Incorrect API key provided: ….")


@everywhere
async def test_a_page_of_a_proxy_is_told_by_its_title(name: str, reach: dict[str, Reached]) -> None:
    reach[name].told(row(name, PAGE, 502, "text/html"))
    error = await failure(reach[name].provider)
    assert (error.kind, error.message) == ("overloaded", "502 Bad Gateway")


@everywhere
@pytest.mark.parametrize(
    ("body", "media"),
    [
        (PAGE, "text/html"),
        (PAGE, "text/event-stream"),
        ("", "text/event-stream"),
        ("\x00\ufffd garbage \x7f\n\n" * 9, "text/event-stream"),
        ("data: garbage\n\n", "text/event-stream"),
        ("data: {\n\n", "text/event-stream"),
        *((body, "text/event-stream") for body in NO_EVENTS),
        ('event: odd\ndata: {"odd": 1}\n\n', "text/event-stream"),
        (": ping\n\n" * 9, "text/event-stream"),
    ],
    ids=lambda words: ascii(words)[:20],
)
async def test_what_is_no_stream_is_a_cut(
    name: str, body: str, media: str, reach: dict[str, Reached]
) -> None:
    reach[name].told(row(name, body, media=media))
    assert (await failure(reach[name].provider)).kind == "cut"


# What breaks a stream.


async def whole(reached: Reached, exchange: dict[str, Any]) -> Step:
    reached.told(exchange)
    return await finish(reached.provider, prompt())


def same(one: Step, other: Step) -> bool:
    """Whether both say the same; ids may be invented."""
    return said(one) == said(other)


def said(step: Step) -> Any:
    parts = [part.model_dump(exclude={"id"}) for part in step.finished.message.parts]
    return parts, step.finished.stop


async def broken(reached: Reached, exchange: dict[str, Any], complete: Step, **options: int) -> None:
    """Ask for a stream that breaks: an error, unless everything was heard before."""
    reached.told(exchange, **options)
    step, error = await outcome(reached.provider)
    if error is None:
        assert same(step, complete), options
    else:
        assert told(error).kind in {"cut", "network"}, options
        assert not step.ends


@everywhere
@pytest.mark.parametrize("fixture", CASES)
async def test_a_connection_that_drops_between_events_is_never_a_whole_step(
    name: str, fixture: str, reach: dict[str, Reached]
) -> None:
    exchange = case(name, fixture)
    complete = await whole(reach[name], exchange)
    edges = [*accumulate(map(len, pieces(exchange["response"]["body"].encode(), 0)))]
    for edge in edges[:-1]:
        await broken(reach[name], exchange, complete, cut=edge)


@everywhere
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fixture=st.sampled_from(CASES), place=st.floats(0, 1, exclude_max=True))
async def test_a_connection_that_drops_anywhere_is_never_a_whole_step(
    name: str, reach: dict[str, Reached], fixture: str, place: float
) -> None:
    exchange = case(name, fixture)
    complete = await whole(reach[name], exchange)
    cut = max(1, int(place * len(exchange["response"]["body"].encode())))
    await broken(reach[name], exchange, complete, cut=cut)


@everywhere
@pytest.mark.parametrize("fixture", CASES)
async def test_a_stream_without_its_end_is_never_a_whole_step(
    name: str, fixture: str, reach: dict[str, Reached]
) -> None:
    exchange = case(name, fixture)
    complete = await whole(reach[name], exchange)
    events = pieces(exchange["response"]["body"].encode(), 0)
    for count in range(len(events)):
        await broken(reach[name], row(name, b"".join(events[:count]).decode()), complete)


@everywhere
@pytest.mark.parametrize("fixture", CASES)
@pytest.mark.parametrize("options", [{"chunk": 1}, {"chunk": 7}, {"delay": 5}], ids=str)
async def test_pieces_and_pauses_change_nothing(
    name: str, fixture: str, options: dict[str, int], reach: dict[str, Reached]
) -> None:
    exchange = case(name, fixture)
    complete = await whole(reach[name], exchange)
    reach[name].told(exchange, **options)
    step = await finish(reach[name].provider, prompt())
    assert same(step, complete)
    assert step.heard("text") == complete.heard("text")


@everywhere
async def test_an_error_after_some_text_is_heard_after_the_text(name: str, reach: dict[str, Reached]) -> None:
    begun = text_of(case(name, "text"))
    reach[name].told(row(name, begun + error_of(case(name, "error"))))
    step, error = await outcome(reach[name].provider)
    assert (step.heard("text"), step.ends) == ("Grüße, ", [])
    assert told(error).kind == "overloaded"


def text_of(exchange: dict[str, Any]) -> str:
    """A stream up to its first words."""
    events = pieces(exchange["response"]["body"].encode(), 0)
    first = next(at for at, event in enumerate(events) if b"Gr" in event)
    return b"".join(events[: first + 1]).decode()


def error_of(exchange: dict[str, Any]) -> str:
    """The last event of a stream, which tells an error."""
    events = pieces(exchange["response"]["body"].encode(), 0)
    return next(event.decode() for event in reversed(events) if b"error" in event)


# What never comes.


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@everywhere
async def test_a_server_that_says_nothing_is_given_up(name: str, silent: str) -> None:
    async with connected(partial(MAKERS[name], idle=0.1), silent) as provider:
        assert (await failure(provider)).kind == "network"


@everywhere
async def test_a_stream_that_falls_silent_is_given_up(name: str, replay: Replay) -> None:
    exchange = case(name, "text")
    url = replay.serve([exchange], hang=len(text_of(exchange).encode()))
    async with connected(partial(MAKERS[name], idle=0.3), url) as provider:
        step, error = await outcome(provider)
    assert (step.heard("text"), step.ends) == ("Grüße, ", [])
    assert told(error).kind == "network"


@everywhere
async def test_where_nobody_listens_is_told_at_once(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with connected(PROVIDERS[name], url) as provider:
        assert (await failure(provider)).kind == "network"


@everywhere
async def test_a_key_does_not_follow_a_redirect(name: str, replay: Replay, reach: dict[str, Reached]) -> None:
    elsewhere = replay.serve([case(name, "text")]).replace("127.0.0.1", "localhost")
    strange = replay.last
    reach[name].told(row(name, "", 307, "text/plain", location=f"{elsewhere}{STREAMED_AT[WIRES[name]]}"))
    error = await failure(reach[name].provider)
    assert error.kind == "bad_request"
    assert not strange.requests


@everywhere
async def test_an_endless_line_is_given_up(
    name: str, reach: dict[str, Reached], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_http, "LARGEST", 2**20)
    recording = reach[name].told(row(name, ""), flood=2**40)
    assert (await failure(reach[name].provider)).kind == "cut"
    assert await asyncio.to_thread(recording.closed.wait, 5)


@everywhere
async def test_who_stops_listening_closes_the_connection(name: str, reach: dict[str, Reached]) -> None:
    exchange = case(name, "text")
    recording = reach[name].told(exchange, hang=len(text_of(exchange).encode()))
    heard = asyncio.Event()

    async def listen() -> None:
        async for _ in reach[name].provider.stream_completion(prompt()):
            heard.set()

    listening = asyncio.create_task(listen())
    await asyncio.wait_for(heard.wait(), 30)
    began = time.perf_counter()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert await asyncio.to_thread(recording.closed.wait, 5)
    took = (time.perf_counter() - began) * 1000
    print(f"{name}: closed {took:.1f} ms after the cancel")  # noqa: T201  shown by pytest -s
