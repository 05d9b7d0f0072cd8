"""An authorization server, asked for tokens. It loads httpx2 and Authlib: imported in a thread."""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any, cast

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, SecretStr

from agent.core.addresses import is_key, is_private
from agent.core.provider import Credential
from agent.oauth import Client, TokenError

WAIT = 10.0
"""Seconds until the server must have answered, whole."""
LARGEST = 64 * 2**10
"""Bytes of the largest answer."""


def _sendable(token: SecretStr) -> SecretStr:
    if token and not is_key(token.get_secret_value()):
        raise ValueError("no token")
    return token


Token = Annotated[SecretStr, AfterValidator(_sendable)]


class Tokens(BaseModel):
    """What a token endpoint gives. Source: RFC 6749, section 5.1."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    access_token: Annotated[Token, Field(min_length=1)]
    token_type: str = Field(pattern="(?i)^bearer$")
    expires_in: float | None = Field(default=None, gt=0, le=10**9)
    """Seconds."""
    refresh_token: Token | None = None
    scope: str | None = None
    """What was granted; None when it is all that was asked for."""
    id_token: SecretStr = SecretStr("")
    """Who signed in. Source: OpenID Connect Core 1.0, section 3.1.3.3."""

    def into(self, credential: Credential) -> Credential:
        """The credential with these tokens; a refresh token that was not replaced still holds."""
        lives = None if self.expires_in is None else timedelta(seconds=self.expires_in)
        update = {
            "secret": self.access_token,
            "refresh_token": self.refresh_token or credential.refresh_token,
            "expires_at": lives and datetime.now(UTC) + lives,
        }
        return credential.model_copy(update=update)


class Short(httpx2.AsyncByteStream):
    """The bytes of an answer, ended when they are too many."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = LARGEST
        async for piece in self._stream:
            left -= len(piece)
            if left < 0:
                raise TokenError("unusable")
            yield piece

    async def aclose(self) -> None:
        """Close the connection's side of it."""
        await self._stream.aclose()


class Server:
    """One endpoint of an authorization server, and who we are there."""

    def __init__(self, url: str, client: Client) -> None:
        self._url = url
        self._client = client

    async def tokens(self, grant: str, **fields: str) -> Tokens:
        """What the token endpoint gives for a grant.

        Raises:
            TokenError: nothing.
        """
        async with self._asking() as asking:
            return Tokens.model_validate(await asking.fetch_token(self._url, grant_type=grant, **fields))

    async def answer(self, **sent: Mapping[str, str]) -> Mapping[str, JsonValue]:
        """What another endpoint says to a `json` or to a form (`data`).

        Raises:
            TokenError: it refuses.
        """
        async with self._asking() as asking:
            auth = asking.client_auth(asking.token_endpoint_auth_method) if self._client.id else None
            return _fields(await asking.request("POST", self._url, withhold_token=True, auth=auth, **sent))

    async def document(self, token: SecretStr = SecretStr("")) -> Mapping[str, JsonValue]:  # noqa: B008  never changes
        """What is to be read there, with an access token where one is needed.

        Raises:
            TokenError: nothing is.
        """
        shown = {"authorization": f"Bearer {token.get_secret_value()}"} if token else {}
        async with self._asking() as asking:
            return _fields(await asking.request("GET", self._url, withhold_token=True, headers=shown))

    @asynccontextmanager
    async def _asking(self) -> AsyncGenerator[Any, None]:
        """Authlib's client within our limits; what goes wrong in it is a TokenError without a secret."""
        if not is_private(self._url):
            raise TokenError("unusable")
        try:
            async with asyncio.timeout(WAIT), self._made() as asking:
                yield asking
        except OAuthError as error:
            raise TokenError("refused", _code(error.error)) from None
        except httpx2.HTTPStatusError as error:
            raise TokenError("unreachable" if error.response.is_server_error else "unusable") from None
        except (httpx2.HTTPError, OSError) as error:
            raise TokenError("unreachable") from error
        except (ValueError, RecursionError):
            # Its text may hold what the server sent.
            raise TokenError("unusable") from None

    def _made(self) -> Any:
        return AsyncOAuth2Client(
            self._client.id or None,
            self._client.secret.get_secret_value() or None,
            token_endpoint_auth_method=self._client.authentication if self._client.secret else "none",
            verify=trust(),
            timeout=WAIT,
            headers={"accept": "application/json", "accept-encoding": "identity"},
            event_hooks={"response": [_shorten]},
        )


@cache
def trust() -> ssl.SSLContext:
    """The authorities we trust; slow to load."""
    return httpx2.create_ssl_context()


async def _shorten(response: httpx2.Response) -> None:
    # What is packed may be small on the way and large here; we asked for it plain.
    if response.headers.get("content-encoding", "identity") != "identity":
        raise TokenError("unusable")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = Short(response.stream)


def _fields(response: httpx2.Response) -> Mapping[str, JsonValue]:
    if response.is_server_error:
        response.raise_for_status()
    answer = response.json()
    if not isinstance(answer, dict):
        raise TokenError("unusable")
    fields = cast("dict[str, JsonValue]", answer)
    if not response.is_success:
        raise TokenError("refused", _code(fields.get("error")))
    return fields


def _code(error: object) -> str:
    """An OAuth error code; whatever else stands there may hold anything."""
    return error if isinstance(error, str) and re.fullmatch("[a-z_]{1,40}", error) else "unknown"
