"""Authorization servers of others, asked over HTTP: for tokens, for what they are, for their keys."""

import asyncio
import base64
import hashlib
from typing import TYPE_CHECKING, Literal

from pydantic import SecretStr

from agent.core.messages import Value

if TYPE_CHECKING:
    from agent.oauth.server import Server

Refusal = Literal["refused", "unusable", "unreachable"]
Authentication = Literal["client_secret_post", "client_secret_basic"]
"""How we show our secret. Source: OpenID Connect Core 1.0, section 9."""

LONGEST_CODE = 4096
"""Characters of an authorization code."""


class Client(Value):
    """Who we are at an authorization server."""

    id: str = ""
    secret: SecretStr = SecretStr("")
    authentication: Authentication = "client_secret_post"


class TokenError(Exception):
    """No answer came: the server refused, said what is none, or could not be reached."""

    def __init__(self, kind: Refusal, code: str = "") -> None:
        super().__init__(f"{kind} {code}".strip())
        self.kind: Refusal = kind
        self.code = code
        """The server's own, when it refused: `invalid_grant`, `authorization_pending` …"""


def challenge(verifier: str) -> str:
    """What the server is told of a verifier before it sees it. Source: RFC 7636, appendix B.

    >>> challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


async def reach(url: str, client: Client) -> "Server":
    """An endpoint of a server; what it takes to ask it is loaded in a thread, for half a second."""
    server = await asyncio.to_thread(_load)
    return server(url, client)


def _load() -> "type[Server]":
    from agent.oauth.server import Server, trust  # noqa: PLC0415 - loads httpx2 and Authlib

    trust()
    return Server
