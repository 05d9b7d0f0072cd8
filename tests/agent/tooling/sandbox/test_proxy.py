"""The way out: which requests pass, and what is made of them, over real sockets on loopback."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.tooling.sandbox import proxy
from agent.tooling.sandbox.proxy import Proxy, Streams, is_listed, requested
from agent.tooling.web.guard import Blocked, Guard

PUBLIC = "93.184.216.34"
LISTED = ("listed.example.org", "*.wild.example.org", "inside.example.org", "mixed.example.org", "127.0.0.1")
ADDRESSES = {"inside.example.org": ["10.0.0.1"], "mixed.example.org": [PUBLIC, "169.254.169.254"]}


class Outside:
    """The public net: one server, reached whatever public address is dialled."""

    def __init__(self) -> None:
        self.heard = b""
        self.dialled: list[tuple[str, int]] = []
        self._port = 0

    async def resolve(self, name: str, _port: int) -> Sequence[str]:
        return ADDRESSES.get(name, [PUBLIC])

    async def dial(self, address: str, port: int) -> Streams:
        self.dialled.append((address, port))
        return await asyncio.open_connection("127.0.0.1", self._port)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while some := await reader.read(1 << 16):
            self.heard += some
            if self.heard.endswith((b"\r\n\r\n", b"ping")):
                break
        writer.write(b"pong")
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    made = Outside()
    async with made.serving():
        yield made


@pytest.fixture
async def socket(outside: Outside, tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / "s"
    async with Proxy(path, LISTED, Guard(resolve=outside.resolve), outside.dial):
        yield path


async def ask(socket: Path, head: str | bytes, more: bytes = b"") -> bytes:
    """What the proxy answers; after a tunnel stands, more is said."""
    reader, writer = await asyncio.open_unix_connection(socket)
    writer.write(head if isinstance(head, bytes) else head.encode())
    said = b""
    if more:
        said = await reader.readuntil(b"\r\n\r\n")
        writer.write(more)
    async with asyncio.timeout(5):
        said += await reader.read()
    writer.close()
    await writer.wait_closed()
    return said


async def test_a_tunnel_leads_to_a_listed_host(outside: Outside, socket: Path) -> None:
    said = await ask(socket, "CONNECT listed.example.org:443 HTTP/1.1\r\n\r\n", b"ping")
    assert said == b"HTTP/1.1 200 Connection established\r\n\r\npong"
    assert outside.dialled == [(PUBLIC, 443)]
    assert outside.heard == b"ping"


async def test_a_plain_request_goes_to_the_host_it_was_allowed_for(outside: Outside, socket: Path) -> None:
    said = await ask(
        socket,
        "GET http://a.wild.example.org/path?q=1 HTTP/1.1\r\nHost: other.example.org\r\nX-A: b\r\n"
        "Proxy-Authorization: x\r\nConnection: keep-alive\r\n\r\n",
    )
    assert said == b"pong"
    assert outside.heard == (
        b"GET /path?q=1 HTTP/1.1\r\nHost: a.wild.example.org\r\nConnection: close\r\nX-A: b\r\n\r\n"
    )


@pytest.mark.parametrize(
    "head",
    [
        "CONNECT other.example.org:443 HTTP/1.1\r\n\r\n",
        "CONNECT wild.example.org:443 HTTP/1.1\r\n\r\n",
        "CONNECT listed.example.org:22 HTTP/1.1\r\n\r\n",
        "CONNECT listed.example.org HTTP/1.1\r\n\r\n",
        "CONNECT inside.example.org:443 HTTP/1.1\r\n\r\n",
        "CONNECT mixed.example.org:443 HTTP/1.1\r\n\r\n",
        "CONNECT 127.0.0.1:443 HTTP/1.1\r\n\r\n",
        "CONNECT [::ffff:127.0.0.1]:443 HTTP/1.1\r\n\r\n",
        "CONNECT 2130706433:443 HTTP/1.1\r\n\r\n",
        "CONNECT other.example.org\0.wild.example.org:443 HTTP/1.1\r\n\r\n",
        "CONNECT other.example.org%00.wild.example.org:443 HTTP/1.1\r\n\r\n",
        "CONNECT user@listed.example.org:443 HTTP/1.1\r\n\r\n",
        "GET http://user@listed.example.org/ HTTP/1.1\r\n\r\n",
        "GET http://listed.example.org@other.example.org/ HTTP/1.1\r\n\r\n",
        "GET http://other.example.org\\.wild.example.org/ HTTP/1.1\r\n\r\n",
        "GET http://listed.example.org:443/ HTTP/1.1\r\n\r\n",
        "GET https://listed.example.org/ HTTP/1.1\r\n\r\n",
        "GET ftp://listed.example.org/ HTTP/1.1\r\n\r\n",
        "GET /path HTTP/1.1\r\nHost: listed.example.org\r\n\r\n",
        "TRACE http://listed.example.org/ HTTP/1.1\r\n\r\n",
        "nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
    ],
)
async def test_all_else_is_refused_and_nobody_is_dialled(
    head: str | bytes, outside: Outside, socket: Path
) -> None:
    said = await ask(socket, head)
    assert said.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert outside.dialled == []


async def test_a_head_without_an_end_is_refused(outside: Outside, socket: Path) -> None:
    said = await ask(socket, b"CONNECT listed.example.org:443 HTTP/1.1\r\n" + b"A: b\r\n" * 10_000)
    assert said.startswith(b"HTTP/1.1 403")
    assert outside.dialled == []


async def test_an_empty_list_lets_nothing_through(outside: Outside, tmp_path: Path) -> None:
    async with Proxy(tmp_path / "s", (), Guard(resolve=outside.resolve), outside.dial):
        said = await ask(tmp_path / "s", "CONNECT listed.example.org:443 HTTP/1.1\r\n\r\n")
    assert b"not among the hosts" in said
    assert outside.dialled == []


async def test_too_much_ends_a_connection(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(proxy, "MOST", 3)
    async with Proxy(tmp_path / "other", LISTED, Guard(resolve=outside.resolve), outside.dial):
        said = await ask(tmp_path / "other", "CONNECT listed.example.org:443 HTTP/1.1\r\n\r\n", b"ping")
    assert said == b"HTTP/1.1 200 Connection established\r\n\r\n"


async def test_leaving_ends_the_talks(outside: Outside, tmp_path: Path) -> None:
    async with Proxy(tmp_path / "s", LISTED, Guard(resolve=outside.resolve), outside.dial):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        writer.write(b"CONNECT listed.example.org:443 HTTP/1.1\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


def test_a_second_request_does_not_ride_on_the_first() -> None:
    asked = requested(b"GET http://listed.example.org HTTP/1.1\r\nHost: x\r\n\r\n")
    assert asked.forwarded.count(b"Host:") == 1
    assert b"Connection: close" in asked.forwarded


def test_names_are_compared_whole() -> None:
    assert is_listed("a.b.example.org", ["*.EXAMPLE.org"])
    assert not is_listed("example.org.evil.com", ["example.org"])


def test_what_can_be_read_in_two_ways_is_none() -> None:
    with pytest.raises(Blocked):
        requested(b"GET  http://listed.example.org/ HTTP/1.1\r\n\r\n")
