"""The HTTP client under every SDK ends what takes too long or is too much, pings or not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agent.core.errors import ProviderError
from agent.providers import _http
from agent.providers._connection import trust

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def pinging(piece: bytes, pause: float) -> AsyncIterator[str]:
    """A server that sends the same piece for ever; gives its address."""

    async def say(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(HEAD)
            while True:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/"
        server.close()


async def read(address: str, total: float = 60.0) -> None:
    async with (
        _http.client(trust(), idle=5, total=total) as http,
        http.stream("GET", address) as response,
    ):
        async for _ in response.aiter_bytes():
            pass


async def failure(piece: bytes, pause: float, total: float = 60.0) -> ProviderError:
    async with pinging(piece, pause) as address, asyncio.timeout(20):
        with pytest.raises(ProviderError) as caught:
            await read(address, total)
    return caught.value


async def test_an_answer_that_only_pings_ends_in_time() -> None:
    error = await failure(b": ping\n\n", pause=0.02, total=0.3)
    assert (error.kind, error.message) == ("cut", "The answer took too long.")


async def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "LARGEST", 2**20)
    error = await failure(b"data: x\n\n" * 1000, pause=0)
    assert error.kind == "cut"
    assert "larger than" in error.message


async def test_a_line_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "LONGEST_LINE", 2**18)
    error = await failure(b"data: x" * 1000, pause=0)
    assert error.kind == "cut"
    assert "A line of the answer" in error.message
