"""The HTTP client under every SDK, with limits of ours. It loads httpx2: imported in a thread."""

import ssl
import time
from collections.abc import AsyncIterator
from functools import partial

import httpx2

from agent.core.errors import ProviderError

CONNECT = 10.0
"""Seconds until a provider must have taken the connection."""
IDLE = 300.0
"""Seconds a provider may be silent. Its pings count as life; a model that reasons unseen may have none."""
TOTAL = 3600.0
"""Seconds an answer may take, pings or not."""
LARGEST = 256 * 2**20
"""Bytes of the largest answer; images come in base64."""
LONGEST_LINE = 32 * 2**20
"""Bytes of its longest line; an image comes in one. A long line costs a decoder more than many short ones."""


class Limited(httpx2.AsyncByteStream):
    """The bytes of an answer, ended when they take too long or are too many."""

    def __init__(self, stream: httpx2.AsyncByteStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline
        """By the monotonic clock."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left, line = LARGEST, 0
        async for piece in self._stream:
            left -= len(piece)
            end = piece.rfind(b"\n")
            line = line + len(piece) if end < 0 else len(piece) - end - 1
            if line > LONGEST_LINE:
                raise ProviderError("cut", f"A line of the answer is longer than {LONGEST_LINE} bytes.")
            if left < 0:
                raise ProviderError("cut", f"The answer is larger than {LARGEST} bytes.")
            if time.monotonic() > self._deadline:
                raise ProviderError("cut", "The answer took too long.")
            yield piece

    async def aclose(self) -> None:
        """Close the connection's side of it."""
        await self._stream.aclose()


def client(
    trust: ssl.SSLContext, auth: httpx2.Auth | None = None, idle: float = IDLE, total: float = TOTAL
) -> httpx2.AsyncClient:
    """An HTTP client that keeps to our limits (in seconds).

    It follows no redirect: where a request goes is what its key was meant for.
    """
    limits = httpx2.Timeout(idle, connect=min(CONNECT, idle)).as_dict()
    return httpx2.AsyncClient(
        verify=trust,
        auth=auth,
        follow_redirects=False,
        event_hooks={"request": [partial(_in_time, limits)], "response": [partial(_to_an_end, total)]},
    )


async def _in_time(limits: dict[str, float | None], request: httpx2.Request) -> None:
    request.extensions["timeout"] = limits


async def _to_an_end(total: float, response: httpx2.Response) -> None:
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = Limited(response.stream, time.monotonic() + total)
