"""Signing in at an issuer: OpenID Connect, authorization code with PKCE.

Who leaves takes a state along. What belongs to it (verifier, nonce, where they were going) stays here sealed:
for ten minutes, and for one return of the browser that left. Sources: OpenID Connect Core 1.0, section 3.1;
RFC 9700, OAuth 2.0 security best current practice; RFC 9207, the issuer named on the way back.
"""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import structlog
from pydantic import Field

from agent.accounts import people, sign_ins
from agent.accounts.people import Vouched
from agent.accounts.tokens import hashed
from agent.config import Settings
from agent.core.addresses import is_key
from agent.core.errors import Invalid, Unavailable
from agent.core.identity import User
from agent.core.messages import Value
from agent.oauth import LONGEST_CODE, Client, TokenError, challenge, reach
from agent.oauth.claims import Claims
from agent.oauth.issuers import Description, issuer

if TYPE_CHECKING:
    from agent.oauth.server import Tokens

SCOPES = ("openid", "email", "profile")
CALLBACK = "/auth/callback"
DENIED = "access_denied"

logger = structlog.get_logger()


class Kept(Value):
    """What must be known again when somebody comes back."""

    verifier: str = Field(repr=False)
    nonce: str = Field(repr=False)
    onward: str
    """Where they were going, within the site."""


class Returned(Value):
    """Somebody who has signed in."""

    user: User
    onward: str


class Answer(Value):
    """What a browser brings back; empty where it brings nothing."""

    state: str = Field(default="", repr=False)
    code: str = Field(default="", repr=False)
    iss: str = ""
    error: str = ""


async def begin(settings: Settings, browser: str, onward: str) -> str:
    """Send a browser to the issuer; gives the address.

    Args:
        settings: name the issuer and our client.
        browser: the value of its short-lived cookie; who comes back must have it.
        onward: where the person was going.

    Raises:
        Invalid: what the issuer says of itself is of no use.
        Unavailable: the issuer cannot be reached.
    """
    async with _asking(settings):
        described = await issuer(settings.oidc_issuer).description()
    state = secrets.token_urlsafe(32)
    kept = Kept(verifier=secrets.token_urlsafe(48), nonce=secrets.token_urlsafe(32), onward=onward)
    await sign_ins.keep(state, "login", hashed(browser), kept.model_dump_json().encode())
    asked = {
        "response_type": "code",
        "client_id": settings.oidc_client_id,
        "redirect_uri": _redirect(settings),
        "scope": " ".join(SCOPES),
        "state": state,
        "nonce": kept.nonce,
        "code_challenge": challenge(kept.verifier),
        "code_challenge_method": "S256",
    }
    parts = urlsplit(described.authorization_endpoint)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *asked.items()])
    return parts._replace(query=query).geturl()


async def finish(settings: Settings, browser: str, answer: Answer) -> Returned:
    """Know somebody who is back.

    Args:
        settings: the same as when they left.
        browser: the value of the cookie that came along.
        answer: what came along in the address.

    Raises:
        Invalid: it was not begun here, or not by this browser, or it does not fit.
        NotAllowed: they may not sign in.
        Conflict: somebody else has their address.
        Unavailable: the issuer cannot be reached.
    """
    body = await sign_ins.take(answer.state, "login", hashed(browser)) if browser else None
    if body is None:
        raise Invalid("login_state")
    kept = Kept.model_validate_json(body)
    async with _asking(settings):
        claims = await _claims(settings, kept, answer)
    user = await people.known(
        Vouched(
            issuer=settings.oidc_issuer,
            subject=claims.sub,
            email=claims.email,
            is_verified=claims.email_verified,
            name=claims.name,
        ),
        settings,
    )
    return Returned(user=user, onward=kept.onward)


async def _claims(settings: Settings, kept: Kept, answer: Answer) -> Claims:
    """What the issuer says of who is back, all of it proven."""
    asked = issuer(settings.oidc_issuer)
    described = await asked.description()
    names_itself = described.authorization_response_iss_parameter_supported
    if (names_itself or answer.iss) and answer.iss != described.issuer:
        raise TokenError("unusable", "iss")
    if answer.error:
        raise TokenError("refused", answer.error if answer.error == DENIED else "unknown")
    if not is_key(answer.code) or len(answer.code) > LONGEST_CODE:
        raise TokenError("unusable", "code")
    given = await _tokens(settings, described, kept, answer.code)
    said = await asked.claims(given.id_token.get_secret_value(), settings.oidc_client_id, kept.nonce)
    # Some issuers put into the token who it is and nothing else.
    return said if said.email else await asked.userinfo(given.access_token, said.sub) or said


async def _tokens(settings: Settings, described: Description, kept: Kept, code: str) -> "Tokens":
    client = Client(
        id=settings.oidc_client_id,
        secret=settings.oidc_client_secret,
        authentication=described.authentication,
    )
    server = await reach(described.token_endpoint, client)
    return await server.tokens(
        "authorization_code", code=code, redirect_uri=_redirect(settings), code_verifier=kept.verifier
    )


@asynccontextmanager
async def _asking(settings: Settings) -> AsyncGenerator[None]:
    """Errors of the issuer in a person's words; why exactly stands in the log."""
    try:
        yield
    except TokenError as error:
        logger.warning("sign-in failed", issuer=settings.oidc_issuer, kind=error.kind, reason=error.code)
        match error.kind:
            case "refused":
                raise Invalid("login_denied" if error.code == DENIED else "login_refused") from error
            case "unusable":
                raise Invalid("login_answer") from error
            case "unreachable":
                raise Unavailable("login_unreachable") from error


def _redirect(settings: Settings) -> str:
    return f"{settings.origin}{CALLBACK}"
