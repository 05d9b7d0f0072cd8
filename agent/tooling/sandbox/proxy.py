"""The one way out of a sandbox: a proxy on a socket, to the hosts that are listed and public.

Source: RFC 9110, 9.3.6 (CONNECT).
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

from agent.tooling.web.guard import Blocked, Guard, host_name

MOST = 256 << 20
"""Bytes that go through for one command."""
AT_ONCE = 32
"""Connections."""

_HEAD = 1 << 15
_PIECE = 1 << 16
_ASKING, _CONNECTING, _LASTING, _CLOSING = 10.0, 10.0, 600.0, 10.0
_LINE = re.compile(
    rb"(CONNECT|GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS) ([\x21-\x7e]{1,4096}) HTTP/1\.[01]\r\n"
)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,253}):([0-9]{1,5})")
_PLAIN = re.compile(r"http://([^/?#]*)([/?][^#]*)?")
_PORT = re.compile(r".*:[0-9]+")
_OURS = frozenset(
    {b"host", b"connection", b"proxy-connection", b"proxy-authorization", b"keep-alive", b"upgrade"}
)
"""Headers of a plain request that are not passed on."""
_WEB, _PLAIN_WEB = frozenset({80, 443}), 80

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[str, int], Awaitable[Streams]]


class Request(NamedTuple):
    """What a command asks the proxy for."""

    host: str
    port: int
    forwarded: bytes
    """What is said to the host first; nothing for a tunnel."""


class Proxy:
    """Listens while the block runs."""

    def __init__(
        self, socket: Path, hosts: Iterable[str], guard: Guard | None = None, dial: Dial | None = None
    ) -> None:
        self._socket = socket
        self._hosts = tuple(hosts)
        self._guard = guard or Guard()
        self._dial: Dial = dial or asyncio.open_connection
        self._room = asyncio.Semaphore(AT_ONCE)
        self._left = MOST
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        # Its folder is private, so nobody else finds it.
        self._server = await asyncio.start_unix_server(self._accept, self._socket, limit=_HEAD)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.create_task(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with self._room:
                await self._serve(reader, writer)
        finally:
            await _end(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_ASKING):
                wanted = requested(await reader.readuntil(b"\r\n\r\n"))
            outside = await self._reach(wanted)
        except (Blocked, OSError, TimeoutError, EOFError, asyncio.LimitOverrunError) as error:
            return await _refuse(writer, str(error) or "The host does not answer.")
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LASTING):
                    await self._join((reader, writer), outside, wanted)
        finally:
            await _end(outside[1])
        return None

    async def _reach(self, wanted: Request) -> Streams:
        name = host_name(wanted.host)
        if not is_listed(name, self._hosts):
            raise Blocked(f"{name} is not among the hosts that commands may reach.")
        addresses = await self._guard.addresses(name, wanted.port)
        async with asyncio.timeout(_CONNECTING):
            return await self._dial(addresses[0], wanted.port)

    async def _join(self, inside: Streams, outside: Streams, wanted: Request) -> None:
        if wanted.forwarded:
            outside[1].write(wanted.forwarded)
        else:
            inside[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(inside[0], outside[1]))
                both.create_task(self._carry(outside[0], inside[1]))
        except* OSError:
            pass  # one side is gone, or it was too much

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while some := await source.read(_PIECE):
            self._left -= len(some)
            if self._left < 0:
                raise OSError("too much goes through")
            target.write(some)
            await target.drain()
        with suppress(OSError):
            target.write_eof()


def requested(head: bytes) -> Request:
    r"""What the head of a request asks for: a tunnel, or one plain request.

    >>> requested(b"CONNECT example.org:443 HTTP/1.1\r\n\r\n")
    Request(host='example.org', port=443, forwarded=b'')

    Raises:
        Blocked: it could be read in two ways, or asks for neither.
    """
    line = _LINE.match(head)
    if not line or b"\0" in head:
        raise Blocked("This is no request a proxy understands.")
    method, target = line[1], line[2].decode("ascii")
    if method == b"CONNECT":
        host, port = _authority(target, _WEB)
        return Request(host, port, b"")
    plain = _PLAIN.fullmatch(target)
    if not plain:
        raise Blocked("A proxy is asked for a whole address: http://host/path.")
    host, port = _authority(plain[1] if _PORT.fullmatch(plain[1]) else f"{plain[1]}:80", {_PLAIN_WEB})
    path = plain[2] or "/"
    return Request(host, port, _forwarded(method, path if path[0] == "/" else f"/{path}", host, head))


def is_listed(name: str, hosts: Iterable[str]) -> bool:
    """Whether a name is among the hosts; `*.` stands for all beneath a name, and not for itself.

    >>> is_listed("a.example.org", ["*.example.org"]), is_listed("example.org", ["*.example.org"])
    (True, False)
    >>> is_listed("example.org", []), is_listed("badexample.org", ["*.example.org", "example.org"])
    (False, False)
    """
    lower = [host.lower() for host in hosts]
    return any(name == host or (host.startswith("*.") and name.endswith(host[1:])) for host in lower)


def _authority(text: str, ports: Iterable[int]) -> tuple[str, int]:
    found = _AUTHORITY.fullmatch(text)
    if not found:
        raise Blocked("This is no host with a port.")
    port = int(found[2])
    if port not in ports:
        raise Blocked(f"Port {port} is closed to commands.")
    return found[1], port


def _forwarded(method: bytes, path: str, host: str, head: bytes) -> bytes:
    """One request with a host of ours: none other, and no later one, comes through on its permission."""
    lines = head.split(b"\r\n")[1:-2]
    kept = [line for line in lines if line.partition(b":")[0].strip().lower() not in _OURS]
    first = b"%s %s HTTP/1.1" % (method, path.encode())
    return b"\r\n".join([first, b"Host: %s" % host.encode(), b"Connection: close", *kept, b"", b""])


async def _end(writer: asyncio.StreamWriter) -> None:
    """Say what is still to be said, but not for ever."""
    try:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CLOSING):
                await writer.wait_closed()
    finally:
        writer.transport.abort()


async def _refuse(writer: asyncio.StreamWriter, why: str) -> None:
    text = f"{why}\n".encode()
    writer.write(
        b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
    )
    writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(text), text))
    with suppress(OSError):
        await writer.drain()
