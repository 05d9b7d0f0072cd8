"""Sites on loopback that say what a test wants, byte by byte, and the web in which only they are reached."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from agent.tooling.web.fetching import Web
from agent.tooling.web.guard import Guard

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]
HERE = "127.0.0.1"


def answer(
    body: bytes | str = b"", kind: str = "text/plain", *, status: str = "200 OK", **headers: str
) -> bytes:
    """A whole HTTP answer; `content_encoding="gzip"` becomes a header."""
    raw = body if isinstance(body, bytes) else body.encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(raw)}", "Connection: close"]
    lines += [f"Content-Type: {kind}"] if kind else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + raw


def redirect(to: str, status: str = "302 Found") -> bytes:
    return answer(status=status, location=to)


@dataclass
class Site:
    """A server on loopback: what it says for a path, and what it was asked."""

    pages: dict[str, bytes | Say] = field(default_factory=dict[str, Any])
    port: int = 0
    asked: list[str] = field(default_factory=list[str])
    """The heads of the requests, whole."""
    together: int = 0
    """Requests in work at this moment."""
    most_together: int = 0
    serving: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])

    def url(self, path: str = "/", host: str = "site.example.org", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        try:
            await self._say(reader, writer)
        finally:
            writer.transport.abort() if task.cancelling() else writer.close()
            self.serving.discard(task)

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head)
            self.together += 1
            self.most_together = max(self.together, self.most_together)
            try:
                said = self.pages.get(head.split()[1], answer(status="404 Not Found"))
                if isinstance(said, bytes):
                    writer.write(said)
                else:
                    await said(writer)
                await writer.drain()
            finally:
                self.together -= 1


@asynccontextmanager
async def site(
    pages: dict[str, bytes | Say] | None = None, secret: ssl.SSLContext | None = None
) -> AsyncIterator[Site]:
    """A site that is open as long as the block."""
    served = Site(pages or {})
    server = await asyncio.start_server(served.serve, HERE, 0, ssl=secret)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        for task in served.serving:
            task.cancel()
        await asyncio.gather(*served.serving, return_exceptions=True)


async def everything_is_here(name: str, port: int) -> Sequence[str]:  # noqa: ARG001 (a look-up has this form)
    """A look-up in which every name leads to this machine."""
    return [HERE]


def web(*sites: Site, seconds: float = 10.0, trust: ssl.SSLContext | None = None) -> Web:
    """The web as if these sites were public and all names led to this machine."""
    allowed = frozenset((HERE, each.port) for each in sites)
    return Web(Guard(resolve=everything_is_here, allowed=allowed), seconds=seconds, trust=trust)
