"""The HTTP client that reaches nothing but what its guard allows. It loads httpx2: imported in a thread."""

import ssl
from collections.abc import Mapping
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx2

from agent.tooling.web.guard import Blocked, Guard, host_name

CONNECT_SECONDS = 5.0
SILENT_SECONDS = 15.0
"""How long a server may say nothing; how long all may take is its caller's to say."""
_SCHEMES = {"http": 80, "https": 443}


class Guarded(httpx2.AsyncBaseTransport):
    """Connects to the addresses that the guard has judged, under the name that was asked for.

    Every request goes this way, so that a redirect is judged like all else.
    """

    def __init__(self, guard: Guard, trust: ssl.SSLContext) -> None:
        self._guard = guard
        # A kept connection belongs to an address: another name there must not find it.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._inner = httpx2.AsyncHTTPTransport(verify=trust, trust_env=False, limits=limits)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; its Host header and the name its certificate must bear stay what they were.

        Raises:
            Blocked: it may not be sent.
            httpx2.TransportError: it was not answered.
        """
        url = request.url
        if url.scheme not in _SCHEMES:
            raise Blocked(f"{url.scheme!r:.40} addresses cannot be reached, only http and https.")
        if url.userinfo:
            raise Blocked(f"The address of {url.host} holds a user name or password.")
        host = url.raw_host.decode("ascii")
        port = _SCHEMES[url.scheme] if url.port is None else url.port
        addresses = await self._guard.addresses(host, port)
        extensions: Mapping[str, Any] = {**request.extensions, "sni_hostname": host_name(host)}
        for address in addresses[:-1]:
            try:
                return await self._inner.handle_async_request(_to(address, request, extensions))
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await self._inner.handle_async_request(_to(addresses[-1], request, extensions))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()


def _to(address: str, request: httpx2.Request, extensions: Mapping[str, Any]) -> httpx2.Request:
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**extensions},
    )


def client(guard: Guard, trust: ssl.SSLContext | None = None) -> httpx2.AsyncClient:
    """A client that keeps to the guard: no proxy, no cookies, and no redirect is followed by itself.

    Args:
        guard: what may be reached.
        trust: whose certificates are believed; None for the usual authorities.
    """
    return httpx2.AsyncClient(
        transport=Guarded(guard, trust or usual_trust()),
        timeout=httpx2.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        follow_redirects=False,
        trust_env=False,
    )


@cache
def usual_trust() -> ssl.SSLContext:
    """The authorities we trust; slow to load."""
    return httpx2.create_ssl_context()
