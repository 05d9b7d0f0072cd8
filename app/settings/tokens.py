"""The section of devices and tokens: the programs that speak for a person."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import reflex as rx
from pydantic import Field

from agent import accounts
from agent.core.identity import User
from app.settings.said import say
from app.state import asked
from app.words.settings import (
    MAY,
    REVOKED,
    SCOPES,
    TOKEN_SOURCES,
    ago,
    exactly,
    hidden,
    joined,
    until,
    used,
)

Id = Annotated[str, Field(min_length=1, max_length=36)]
MOST = 100
"""Tokens that are shown."""


@dataclass
class TokenShown:
    """A token in words; never itself."""

    id: str = ""
    name: str = ""
    hint: str = ""
    """How it begins."""
    may: str = ""
    notes: str = ""
    times: str = ""
    is_over: bool = False


class TokensState(rx.State):
    """The person's tokens."""

    tokens: list[TokenShown] = []
    more: str = ""

    @rx.event
    @asked
    async def look(self, user: User) -> None:
        """Read them anew."""
        await self._look(user)

    @rx.event
    @asked
    async def revoke(self, user: User, token_id: Id) -> None:
        """Revoke one; what works with it ends."""
        await accounts.revoke_token(user, token_id)
        await self._look(user)
        await say(self, REVOKED)

    async def _look(self, user: User) -> None:
        now, found = datetime.now(UTC), await accounts.issued_tokens(user)
        self.tokens = [token_shown(token, now) for token in found[:MOST]]
        self.more = hidden(len(found) - MOST)


def token_shown(token: accounts.ApiToken, now: datetime) -> TokenShown:
    """A token as the page shows it."""
    made = joined([TOKEN_SOURCES.get(token.source, ""), f"made {ago(token.created_at, now)}"])
    ends = until(token.expires_at, now) if token.expires_at else ""
    return TokenShown(
        id=token.id,
        name=token.name,
        hint=token.hint,
        may=f"{MAY}: {', '.join(SCOPES[scope] for scope in SCOPES if scope in token.scopes)}",
        notes=joined([made, used(token.last_used_at, now), ends]),
        times=joined([exactly(token.created_at), exactly(token.last_used_at), exactly(token.expires_at)]),
        is_over=token.expires_at is not None and token.expires_at <= now,
    )
