"""A person's token on every request to a provider, renewed before it ends."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from agent.core.errors import ProviderError, Unavailable
from agent.core.provider import Credential
from agent.oauth import Client, TokenError, reach

if TYPE_CHECKING:
    import httpx2

Fetch = Callable[[Credential], Awaitable[Credential]]
"""Asks for another token."""
Renew = Callable[[Credential, Fetch], Awaitable[Credential]]
"""Who keeps credentials gives the renewed one: another's, or what it has fetched and keeps from now on."""

MARGIN = timedelta(seconds=60)
"""A token that ends within it is renewed first."""
PLACEHOLDERS = ("x-api-key", "x-goog-api-key")
"""Headers in which an SDK sends the key that it insists on."""
PASSING = frozenset({"temporarily_unavailable", "server_error", "slow_down", "unknown"})
"""Refusals that say nothing about the person."""
UNAUTHORIZED = 401


class Token:
    """An access token that is renewed; however many ask at once, it happens once."""

    def __init__(self, credential: Credential, renew: Renew | None) -> None:
        self._credential = credential
        self._renew_by = renew
        self._renewing: asyncio.Task[None] | None = None

    @property
    def can_be_renewed(self) -> bool:
        """Whether there is something to renew it with."""
        return bool(self._credential.refresh_token and self._credential.token_url)

    async def current(self) -> str:
        """The token, good for the next minute where we can see to it.

        Raises:
            ProviderError: it has to be renewed and cannot.
        """
        ends = self._credential.expires_at
        if ends is not None and ends - datetime.now(UTC) <= MARGIN and self.can_be_renewed:
            await self.renew(self._text)
        return self._text

    async def renew(self, used: str) -> str:
        """Another token than this one; who comes late takes what was fetched meanwhile.

        Raises:
            ProviderError: the person has to sign in again, or the server does not answer.
        """
        if self._text == used:
            if self._renewing is None or self._renewing.done():
                self._renewing = asyncio.create_task(self._renew())
                # Who asked may have gone away; the failure then is nobody's.
                self._renewing.add_done_callback(lambda task: task.cancelled() or task.exception())
            await asyncio.shield(self._renewing)
        return self._text

    @property
    def _text(self) -> str:
        return self._credential.secret.get_secret_value()

    async def _renew(self) -> None:
        old = self._credential
        try:
            self._credential = await (self._renew_by(old, _fetched) if self._renew_by else _fetched(old))
        except Unavailable as error:
            raise ProviderError("network", f"The token could not be renewed ({error}).") from error


def bearer(credential: Credential, renew: Renew | None = None) -> "httpx2.Auth":
    """What puts a person's token on every request of an HTTP client; loads httpx2.

    A refused request is sent once more with a renewed token; refused again, the refusal goes on.
    """
    import httpx2  # noqa: PLC0415 - loaded in a thread, with the SDK

    token = Token(credential, renew)

    class Bearer(httpx2.Auth):
        """The token, and none of the SDK's placeholders."""

        async def async_auth_flow(
            self, request: httpx2.Request
        ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
            used = await token.current()
            response = yield _signed(request, used)
            if response.status_code == UNAUTHORIZED and token.can_be_renewed:
                yield _signed(request, await token.renew(used))

    return Bearer()


async def _fetched(old: Credential) -> Credential:
    server = await reach(old.token_url, Client(id=old.client_id, secret=old.client_secret))
    try:
        given = await server.tokens("refresh_token", refresh_token=old.refresh_token.get_secret_value())
    except TokenError as error:
        raise _told(error) from error
    return given.into(old)


def _signed(request: "httpx2.Request", token: str) -> "httpx2.Request":
    for name in PLACEHOLDERS:
        request.headers.pop(name, None)
    request.headers["Authorization"] = f"Bearer {token}"
    return request


def _told(error: TokenError) -> ProviderError:
    """What the loop is told: it waits for a server, and not for a person."""
    if error.kind == "refused" and error.code not in PASSING:
        return ProviderError("auth", f"The sign-in has ended ({error.code}). Sign in again.")
    return ProviderError("network", f"The token could not be renewed ({error}).")
