"""Fetches a page: few redirects, a bounded time, a bounded size."""

import asyncio
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from agent.core.errors import ToolFailed
from agent.tooling.web.guard import Guard
from agent.tooling.web.urls import checked, raw

if TYPE_CHECKING:
    import httpx2

# ruff: noqa: PLC0415 - httpx2 is loaded in a thread, when something is first fetched

SECONDS = 30.0
"""For one page, with all redirects."""
MAX_REDIRECTS = 5
MAX_TEXT = 5 << 20
MAX_IMAGE = 3_750_000
MAX_PDF = 15_000_000
"""Bytes of a page once it is unpacked; of an image or PDF what every provider takes."""

HEADERS = {
    "user-agent": "Mozilla/5.0 (compatible; Maestro)",
    "accept": "text/markdown, text/html;q=0.9, application/json;q=0.9, text/plain;q=0.8, */*;q=0.5",
    "accept-encoding": "gzip",
}


@dataclass(frozen=True)
class Page:
    """What an address answered."""

    url: str
    """Where it was in the end."""
    media_type: str
    """As the server says it, in lower case; empty when it does not."""
    charset: str
    """The same."""
    raw: bytes
    is_whole: bool
    """Whether it ended before it was too large."""


@dataclass(frozen=True)
class Web:
    """The web as far as the guard allows; holds nothing open."""

    guard: Guard = field(default_factory=Guard)
    seconds: float = SECONDS
    trust: ssl.SSLContext | None = None
    """Whose certificates are believed; None for the usual authorities."""

    async def fetch(self, url: str) -> Page:
        """Fetch what an address answers.

        Raises:
            ToolFailed: it may not be reached, does not answer in time, or answers with an error.
        """
        url = raw(checked(url))
        try:
            async with asyncio.timeout(self.seconds):
                return await self._fetch(url)
        except TimeoutError:
            raise ToolFailed(f"It took longer than {self.seconds:g} seconds.") from None

    async def client(self) -> "httpx2.AsyncClient":
        """An HTTP client that keeps to the guard, to be closed by who asks for it.

        What it raises beside httpx2's own errors is `Blocked`. It bounds neither size nor whole time.
        """
        return await asyncio.to_thread(self._client)

    def _client(self) -> "httpx2.AsyncClient":
        from agent.tooling.web.client import client

        return client(self.guard, self.trust)

    async def _fetch(self, url: str) -> Page:
        client = await self.client()
        import httpx2

        try:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(client)
                request = client.build_request("GET", url, headers=HEADERS)
                response = await client.send(request, stream=True)
                for _ in range(MAX_REDIRECTS):
                    if response.next_request is None:
                        break
                    await response.aclose()
                    response = await client.send(response.next_request, stream=True)
                stack.push_async_callback(response.aclose)
                _require_answer(response)
                return await _page(response)
        except httpx2.InvalidURL:
            raise ToolFailed("The address cannot be read.") from None
        except httpx2.HTTPError as error:
            raise ToolFailed(_words(error)) from error


def _require_answer(response: "httpx2.Response") -> None:
    if response.next_request is not None:
        raise ToolFailed(f"It redirects more than {MAX_REDIRECTS} times.")
    if not response.is_success:
        status = response.status_code
        known = status in HTTPStatus.__members__.values()
        raise ToolFailed(f"It answered {status}{f' {HTTPStatus(status).phrase}' if known else ''}.")
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing not in {"identity", "gzip", "x-gzip", "deflate", ""}:
        raise ToolFailed(f"It came packed in a way that was not asked for ({packing:.40}).")


async def _page(response: "httpx2.Response") -> Page:
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    most = _most(media_type)
    pieces: list[bytes] = []
    left = most
    async for piece in response.aiter_bytes():
        pieces.append(piece[: left + 1])
        left -= len(piece)
        if left < 0:
            break
    found = b"".join(pieces)
    charset = response.charset_encoding or ""
    return Page(str(response.url), media_type, charset, found[:most], is_whole=len(found) <= most)


def _most(media_type: str) -> int:
    if media_type == "application/pdf":
        return MAX_PDF
    return MAX_IMAGE if media_type.startswith("image/") else MAX_TEXT


def _words(error: "httpx2.HTTPError") -> str:
    """What went wrong on the way, for the model."""
    import httpx2

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "Its certificate is not valid for this name, or not by an authority that is trusted."
        cause = cause.__cause__ or cause.__context__
    match error:
        case httpx2.TimeoutException():
            return "It does not answer in time."
        case httpx2.ConnectError():
            return "No connection to it could be made."
        case httpx2.DecodingError():
            return "What it sent cannot be unpacked."
        case _:
            return "It broke the connection off, or does not speak HTTP properly."
