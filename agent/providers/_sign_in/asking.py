"""What an authorization server's answers mean to a person who signs in."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from agent.config import Settings
from agent.core.errors import Invalid, Unavailable
from agent.core.provider import Credential
from agent.oauth import Client, TokenError, reach
from agent.providers._sign_in.ways import Way

if TYPE_CHECKING:
    from agent.oauth.server import Server, Tokens

CODES = {"access_denied": "sign_in_denied", "expired_token": "sign_in_expired"}
"""Refusals that a person has words of their own for."""


@asynccontextmanager
async def asking(provider: str, url: str, client: Client) -> "AsyncGenerator[Server, None]":
    """A provider's authorization server, asked for a person.

    Raises:
        Invalid: it refuses, or what it says is no answer.
        Unavailable: it does not answer.
    """
    try:
        yield await reach(url, client)
    except TokenError as error:
        match error.kind:
            case "refused":
                code = CODES.get(error.code, "sign_in_refused")
                raise Invalid(code, provider=provider, reason=error.code) from error
            case "unusable":
                raise Invalid("sign_in_answer", provider=provider) from error
            case "unreachable":
                raise Unavailable("sign_in_unreachable", provider=provider) from error


def signed_in(way: Way, settings: Settings, given: "Tokens") -> Credential:
    """The credential of a person who was given tokens.

    Raises:
        Invalid: the person allowed less than is needed.
    """
    if given.scope is not None and not set(way.scopes) <= set(given.scope.split()):
        raise Invalid("sign_in_scope", provider=way.provider)
    client = way.require_client(settings)
    return given.into(
        Credential(
            auth_type="oauth_token",
            token_url=way.token_url,
            client_id=client.id,
            client_secret=client.secret,
            project=settings.google_cloud_project,
            location=settings.google_cloud_location,
        )
    )
