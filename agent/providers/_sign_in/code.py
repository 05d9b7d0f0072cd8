"""Signing in in the browser: authorization code with PKCE."""

import hmac
import secrets
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import Field, SecretStr

from agent.config import Settings
from agent.core.addresses import is_key, is_private
from agent.core.errors import Invalid
from agent.core.messages import Value
from agent.core.provider import Credential
from agent.oauth import LONGEST_CODE, challenge
from agent.providers._sign_in.asking import asking, signed_in
from agent.providers._sign_in.ways import Way

LIFE = timedelta(minutes=10)
"""How long a person may take."""


class Begun(Value):
    """A person is on the way; whoever keeps it binds it to that person and forgets it when they are back."""

    provider: str
    url: str = Field(repr=False)
    """Where the person goes."""
    redirect_uri: str
    state: str = Field(repr=False)
    verifier: str = Field(repr=False)
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))


def begin(way: Way, settings: Settings, redirect_uri: str) -> Begun:
    """Send a person to sign in; they come back to `redirect_uri` with a state and a code.

    Raises:
        Invalid: this server has no client there, or the way there or back could be listened to.
    """
    client = way.require_client(settings)
    if not is_private(redirect_uri):
        raise Invalid("sign_in_not_private", provider=way.provider)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    asked = {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
    if way.gives == "key":
        # It knows no state, but leaves the way back as it is.
        asked |= {"callback_url": _with(redirect_uri, state=state)}
    else:
        asked |= {"response_type": "code", "client_id": client.id, "redirect_uri": redirect_uri}
        asked |= {"scope": " ".join(way.scopes), "state": state, **way.asks}
    url = _with(way.authorize_url, **asked)
    return Begun(provider=way.provider, url=url, redirect_uri=redirect_uri, state=state, verifier=verifier)


async def finish(way: Way, settings: Settings, begun: Begun, state: str, code: str) -> Credential:
    """The credential of a person who is back.

    Args:
        way: the same as when it began.
        settings: with the same client.
        begun: what was kept.
        state: as it came back.
        code: as it came back; empty when the person said no.

    Raises:
        Invalid: what came back does not fit, or the server refuses it.
        Unavailable: the server does not answer.
    """
    is_same = hmac.compare_digest(state.encode("utf-8", "replace"), begun.state.encode())
    if not is_same or begun.provider != way.provider:
        raise Invalid("sign_in_state", provider=way.provider)
    if datetime.now(UTC) - begun.at > LIFE:
        raise Invalid("sign_in_expired", provider=way.provider)
    if not code:
        raise Invalid("sign_in_denied", provider=way.provider)
    if not is_key(code) or len(code) > LONGEST_CODE:
        raise Invalid("sign_in_refused", provider=way.provider, reason="code")
    if way.gives == "key":
        return await _key(way, settings, begun, code)
    client = way.require_client(settings)
    sent = {"code": code, "redirect_uri": begun.redirect_uri, "code_verifier": begun.verifier}
    async with asking(way.provider, way.token_url, client) as server:
        given = await server.tokens("authorization_code", **sent)
    return signed_in(way, settings, given)


async def _key(way: Way, settings: Settings, begun: Begun, code: str) -> Credential:
    sent = {"code": code, "code_verifier": begun.verifier, "code_challenge_method": "S256"}
    async with asking(way.provider, way.token_url, way.require_client(settings)) as server:
        fields = await server.answer(json=sent)
    key = fields.get("key")
    if not isinstance(key, str) or not is_key(key):
        raise Invalid("sign_in_answer", provider=way.provider)
    return Credential(secret=SecretStr(key))


def _with(address: str, **asked: str) -> str:
    """An address with more in its query."""
    parts = urlsplit(address)
    return parts._replace(
        query=urlencode([*parse_qsl(parts.query, keep_blank_values=True), *asked.items()])
    ).geturl()
