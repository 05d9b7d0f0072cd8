import asyncio
import gzip
from typing import Any

import pytest

from agent.core.errors import ToolFailed
from agent.tooling.openapi import calling
from agent.tooling.openapi.calling import Target, call
from agent.tooling.openapi.describing import describe
from agent.tooling.web.fetching import Web
from agent.tooling.web.guard import Guard
from tests.agent.tooling.openapi.conftest import Echo

SCHEMES = {
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "asked": {"type": "apiKey", "in": "query", "name": "k"},
    "session": {"type": "apiKey", "in": "cookie", "name": "sid"},
}
STORED = {"key": "key-secret", "asked": "asked-secret", "session": "session-secret"}


def target(server: str, paths: Any, **stored: str) -> Target:
    document = {
        "openapi": "3.1.0",
        "paths": paths,
        "components": {"securitySchemes": SCHEMES},
        "security": [],
    }
    return Target("shop", describe(document), server, stored)


async def called(echo: Echo, asked: Target, web: Web | None = None, **arguments: Any) -> str:
    async with await (web or echo.web).client() as client:
        return await call(client, asked, asked.description.operations[0], arguments)


async def failure(echo: Echo, asked: Target, **arguments: Any) -> str:
    with pytest.raises(ToolFailed) as told:
        await called(echo, asked, **arguments)
    return str(told.value)


async def test_all_that_a_request_has_arrives(echo: Echo) -> None:
    said = {
        "security": [{"key": [], "asked": [], "session": []}],
        "parameters": [{"name": "q", "in": "query"}, {"name": "theme", "in": "cookie"}],
        "requestBody": {"content": {"application/json": {}}},
    }
    asked = target(f"{echo.url}/v1", {"/a/{b}": {"post": said}}, **STORED)
    answer = await called(echo, asked, b="x/y", q="z", theme="dark", body={"n": 1})
    [request] = echo.asked
    assert (request["method"], request["target"]) == ("POST", "/v1/a/x%2Fy?q=z&k=asked-secret")
    assert request["headers"]["x-key"] == "key-secret"
    assert request["headers"]["cookie"] == "theme=dark; sid=session-secret"
    assert request["headers"]["content-type"] == "application/json"
    assert request["body"] == '{"n": 1}'
    # The server echoed all of it, and the model hears none of it.
    assert "secret" not in answer
    assert "[credential]" in answer


async def test_wrong_arguments_are_not_sent(echo: Echo) -> None:
    assert "'b' is a required property" in await failure(echo, target(echo.url, {"/a/{b}": {"get": {}}}))
    assert echo.asked == []


async def test_a_refusal_is_told_with_its_reason(echo: Echo) -> None:
    echo.answers["/a"] = 422, {"content-type": "application/json"}, b'{"why":"key-secret is bad"}'
    told = await failure(echo, target(echo.url, {"/a": {"get": {}}}, **STORED))
    assert told.startswith("shop:get_a answered 422 Unprocessable")
    assert "[credential] is bad" in told


async def test_redirects_are_followed_on_the_same_server_alone(echo: Echo) -> None:
    echo.answers["/a"] = 301, {"location": "/b?c=1"}, b""
    asked = target(echo.url, {"/a": {"get": {}, "post": {}}}, **STORED)
    assert '"target": "/b?c=1"' in await called(echo, asked)
    with Echo() as other:
        echo.answers["/a"] = 302, {"location": f"{other.url}/b"}, b""
        told = await called(echo, asked)
        assert told.startswith(f"302 Found\nlocation: {other.url}/b")
        assert other.asked == []
    echo.answers |= {"/a": (302, {"location": "/b"}, b""), "/b": (302, {"location": "/a"}, b"")}
    assert "redirected more than 5 times" in await failure(echo, asked)
    echo.asked.clear()
    async with await echo.web.client() as client:
        told = await call(client, asked, asked.description.operations[1], {})
    assert told.startswith("302")
    assert len(echo.asked) == 1


async def test_credentials_never_go_to_another_server(echo: Echo) -> None:
    paths = {"/a": {"get": {"servers": [{"url": "http://127.0.0.1:1"}], "security": [{"key": []}]}}}
    told = await failure(echo, target(echo.url, paths, **STORED))
    assert "are for http://127.0.0.1" in told
    paths = {"/a": {"get": {"servers": [{"url": "/v2"}], "security": [{"key": []}]}}}
    assert '"target": "/v2/a"' in await called(echo, target(echo.url, paths, **STORED))


async def test_private_addresses_are_out_of_reach(echo: Echo) -> None:
    asked = target(echo.url, {"/a": {"get": {}}})
    with pytest.raises(ToolFailed, match=r"not public|is closed"):
        await called(echo, asked, web=Web())
    assert echo.asked == []


async def test_a_server_that_says_nothing_is_waited_for_no_longer(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "SECONDS", 0.2)
    closed = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await closed.wait()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        web = Web(Guard(allowed=frozenset({("127.0.0.1", port)})))
        with pytest.raises(ToolFailed) as told:
            await called(echo, target(f"http://127.0.0.1:{port}", {"/a": {"post": {}}}), web)
        closed.set()
    assert "took longer than 0 seconds. Whether it was done is not known" in str(told.value)


async def test_a_server_that_is_gone_is_told(echo: Echo) -> None:
    echo.server_close()
    assert "did not answer" in await failure(echo, target(echo.url, {"/a": {"get": {}}}))
    assert "Whether it was done" in await failure(echo, target(echo.url, {"/a": {"put": {}}}))


async def test_a_large_answer_is_cut(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "MOST_BYTES", 1000)
    echo.answers["/a"] = (
        200,
        {"content-type": "text/plain", "content-encoding": "gzip"},
        gzip.compress(b"x" * 10**7),
    )
    told = await called(echo, target(echo.url, {"/a": {"get": {}}}))
    assert "[Only the first 1,000 bytes of the answer were read.]" in told
    assert len(told) < 2000
