"""The way to a provider: its SDK's client over our own HTTP client, made in a thread at first use."""

import asyncio
import gc
import ssl
from abc import abstractmethod
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar

from agent.core.provider import Credential, Provider
from agent.providers import _prices
from agent.providers._bearer import Renew, bearer
from agent.providers._errors import Translated

if TYPE_CHECKING:
    import httpx2

# ruff: noqa: PLC0415 - what is imported here is loaded in a thread, when a provider is first asked

Client = TypeVar("Client")


class SdkProvider(Provider, Generic[Client]):
    """A provider over an SDK: the SDK's client and the HTTP client under it, opened at first use."""

    def __init__(self, credential: Credential, idle: float | None = None) -> None:
        self._credential = credential
        self._idle = idle
        """Seconds the provider may be silent; None for the usual limit."""
        self._opening: asyncio.Task[tuple[httpx2.AsyncClient, Client]] | None = None
        self.renew: Renew | None = None
        """Who keeps the credential, where somebody does and it can be renewed."""

    @abstractmethod
    def _client(self, http: "httpx2.AsyncClient") -> Client:
        """Import the SDK and make its client over ours; runs in a thread."""

    @asynccontextmanager
    async def _asking(self) -> AsyncGenerator[Client, None]:
        """The SDK's client; what it raises becomes a ProviderError that does not hold the key."""
        with Translated(self._credential):
            yield await self._open()

    async def _open(self) -> Client:
        """The SDK's client; however many ask at once, there is one."""
        if self._opening is None or _has_failed(self._opening):
            self._opening = asyncio.create_task(asyncio.to_thread(self._load))
        # Who asked first may give up; the others still wait for it.
        _, client = await asyncio.shield(self._opening)
        return client

    async def close(self) -> None:
        """Close all connections; a later request makes new ones."""
        opening, self._opening = self._opening, None
        if opening is not None and not _has_failed(opening):
            http, _ = await opening
            await http.aclose()

    def _load(self) -> "tuple[httpx2.AsyncClient, Client]":
        # What is imported stays: looking for garbage in it would be felt, now and at each later look.
        gc.disable()
        try:
            return self._loaded()
        finally:
            gc.freeze()
            gc.enable()

    def _loaded(self) -> "tuple[httpx2.AsyncClient, Client]":
        from agent.providers import _http

        auth = bearer(self._credential, self.renew) if self._credential.auth_type == "oauth_token" else None
        http = _http.client(trust(), auth, idle=self._idle or _http.IDLE)
        client = self._client(http)
        import_module("anyio._backends._asyncio")  # else httpcore2 does it at the first request, on the loop
        _prices.warm()
        return http, client


def _has_failed(opening: "asyncio.Task[tuple[httpx2.AsyncClient, Client]]") -> bool:
    return opening.done() and (opening.cancelled() or opening.exception() is not None)


@cache
def trust() -> ssl.SSLContext:
    """The authorities we trust; slow to load, the same for every provider."""
    import httpx2

    return httpx2.create_ssl_context()
