"""Fetches the text of a description through the guard of the web."""

import asyncio
from typing import TYPE_CHECKING

from agent.core.addresses import address_fault
from agent.core.errors import Invalid, LimitReached, ToolFailed
from agent.tooling.openapi.reading import MOST
from agent.tooling.web.fetching import Web
from agent.tooling.web.guard import WEB_PORTS, Guard

if TYPE_CHECKING:
    import httpx2

PUBLIC = Web(Guard(ports=WEB_PORTS | frozenset(range(1024, 65536))))
"""Services listen at many ports, those of other protocols left out."""
SECONDS = 60.0
MOST_REDIRECTS = 5
HEADERS = {
    "accept": "application/openapi+json, application/json, application/yaml, text/yaml, */*;q=0.5",
    "accept-encoding": "gzip",
}


async def fetch(web: Web, url: str) -> str:
    """The text at an address.

    Raises:
        Invalid: it is no address, or may not be reached, or does not answer with a text.
        LimitReached: it is too large.
    """
    # Other than a server's, its address may have a query.
    if address_fault(url) not in {None, "query", "endpoint"}:
        raise Invalid("service_address", url=url[:500])
    client = await web.client()
    import httpx2  # noqa: PLC0415 - loaded by now

    try:
        async with client, asyncio.timeout(SECONDS):
            return (await _content(client, url)).decode("utf-8")
    except TimeoutError:
        raise _unreachable(url, f"it took longer than {SECONDS:.0f} seconds") from None
    except UnicodeDecodeError:
        raise Invalid("service_unreadable", what="it is no text in UTF-8") from None
    except (ToolFailed, httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise _unreachable(url, str(error) or type(error).__name__) from None


async def _content(client: "httpx2.AsyncClient", url: str) -> bytes:
    request = client.build_request("GET", url, headers=HEADERS)
    for _ in range(MOST_REDIRECTS + 1):
        response = await client.send(request, stream=True)
        try:
            if response.next_request is None:
                if not response.is_success:
                    raise ToolFailed(f"it answered {response.status_code}")
                return await _bounded(response)
            request = response.next_request
        finally:
            await response.aclose()
    raise ToolFailed(f"it redirects more than {MOST_REDIRECTS} times")


async def _bounded(response: "httpx2.Response") -> bytes:
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > MOST:
            raise LimitReached("service_too_large", most=f"{MOST // 10**6} MB")
    return bytes(content)


def _unreachable(url: str, reason: str) -> Invalid:
    return Invalid("service_unreachable", url=url[:500], reason=reason[:500])
