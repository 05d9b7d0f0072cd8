"""Issuers of OpenID Connect: what one says of itself, and the keys it signs with."""

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, JsonValue, SecretStr, ValidationError

from agent.core.addresses import is_private
from agent.oauth import Authentication, Client, TokenError, reach
from agent.oauth.claims import Claims, Expected, told

GOOGLE = "https://accounts.google.com"
ALIASES = {GOOGLE: "accounts.google.com"}
"""How an issuer also names itself in its tokens. Source: Google Identity, OpenID Connect, `iss`."""
FRESH_FOR = 3600.0
"""Seconds a description is believed."""
REST = 60.0
"""Seconds between two times that an unknown key makes us ask for the keys again."""
UNKNOWN_KEY = "key"
"""Why an ID token is refused that is signed with a key we have not seen."""


def _private(address: str) -> str:
    if not is_private(address):
        raise ValueError("not private")
    return address


Address = Annotated[str, AfterValidator(_private)]


class Description(BaseModel):
    """What an issuer says of itself. Source: OpenID Connect Discovery 1.0, section 3."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    issuer: str
    authorization_endpoint: Address
    token_endpoint: Address
    jwks_uri: Address
    userinfo_endpoint: Address | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False
    """Whether it names itself on the way back. Source: RFC 9207."""

    @property
    def authentication(self) -> Authentication:
        """How we show our secret there."""
        posts = "client_secret_post" in self.token_endpoint_auth_methods_supported
        return "client_secret_post" if posts else "client_secret_basic"


class Issuer:
    """An issuer, asked as seldom as possible."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._described: tuple[float, Description] | None = None
        self._keys: tuple[float, Mapping[str, JsonValue]] | None = None

    @property
    def names(self) -> frozenset[str]:
        """How it names itself in its tokens."""
        return frozenset({self.address, ALIASES.get(self.address, self.address)})

    async def description(self) -> Description:
        """What it says of itself.

        Raises:
            TokenError: nothing that could be used; or it is another than we were told to ask.
        """
        if self._described is None or self._described[0] < time.monotonic():
            found = await _read(f"{self.address.rstrip('/')}/.well-known/openid-configuration")
            try:
                described = Description.model_validate(found)
            except ValidationError:
                raise TokenError("unusable", "description") from None
            if described.issuer != self.address:
                raise TokenError("unusable", "issuer")
            self._described = (time.monotonic() + FRESH_FOR, described)
        return self._described[1]

    async def claims(self, id_token: str, client_id: str, nonce: str) -> Claims:
        """What one of its ID tokens says, when all of it holds.

        Args:
            id_token: as the token endpoint gave it.
            client_id: ours, for which it must be meant.
            nonce: ours, which it must repeat.

        Raises:
            TokenError: it must not be believed.
        """
        verified = await asyncio.to_thread(_load)
        expected = Expected(issuers=self.names, client_id=client_id, nonce=nonce)
        try:
            return verified(id_token, await self.keys(), expected)
        except TokenError as error:
            if error.code != UNKNOWN_KEY:
                raise
        # It has changed its keys since we looked.
        return verified(id_token, await self.keys(afresh=True), expected)

    async def userinfo(self, token: SecretStr, subject: str) -> Claims | None:
        """What it says of somebody to who has an access token of theirs; None when it has no such endpoint.

        Raises:
            TokenError: it says nothing, or speaks of somebody else.
        """
        endpoint = (await self.description()).userinfo_endpoint
        return told(await _read(endpoint, token), subject) if endpoint else None

    async def keys(self, *, afresh: bool = False) -> Mapping[str, JsonValue]:
        """The keys it signs with; `afresh` asks again, unless it was asked a moment ago.

        Raises:
            TokenError: it shows none.
        """
        age = time.monotonic() - self._keys[0] if self._keys else FRESH_FOR
        if self._keys is None or age >= (REST if afresh else FRESH_FOR):
            shown = await _read((await self.description()).jwks_uri)
            self._keys = (time.monotonic(), shown)
        return self._keys[1]


@lru_cache(maxsize=4)
def issuer(address: str) -> Issuer:
    """The issuer at an address, with what is known of it."""
    return Issuer(address)


async def _read(address: str, token: SecretStr = SecretStr("")) -> Mapping[str, JsonValue]:  # noqa: B008  never changes
    return await (await reach(address, Client())).document(token)


def _load() -> Callable[[str, Mapping[str, JsonValue], Expected], Claims]:
    from agent.oauth.id_tokens import verified  # noqa: PLC0415 - loads joserfc

    return verified
