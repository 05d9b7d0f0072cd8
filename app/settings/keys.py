"""The section of keys: with what a person asks each provider. No credential passes through here."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any

import reflex as rx
from pydantic import Field

from agent import providers
from agent.core.errors import Invalid
from agent.core.identity import User
from app.settings.said import say
from app.state import asked, flash
from app.words import ERRORS, PROVIDERS, TROUBLES
from app.words.settings import (
    ASKING_PROVIDER,
    CONNECTED,
    KEY_ENDS,
    KEY_NONE,
    KEY_OWN,
    KEY_REMOVED,
    KEY_SERVERS,
    KEY_SIGNED_IN,
    NOT_ACCEPTED,
    ODD_ANSWER,
    SIGN_IN_WHOM,
    SIGN_IN_WITH,
    TESTED,
    exactly,
    joined,
    used,
)

Name = Annotated[str, Field(min_length=1, max_length=100)]


@dataclass
class KeyShown:
    """With what a provider is asked; never the key."""

    provider: str = ""
    name: str = ""
    state: str = ""
    """Whose key it is, and how it ends."""
    times: str = ""
    is_own: bool = False
    is_there: bool = False
    takes_key: bool = False
    takes_account: bool = False
    """Whether a service account can be brought, which is a file."""
    sign_in: str = ""
    """What is offered instead of a key; empty where nothing is."""
    note: str = ""
    """What came of a test just now."""
    is_refused: bool = False


class KeysState(rx.State):
    """The person's keys."""

    keys: list[KeyShown] = []
    note: str = ""
    """That a sign-in at a provider went well."""

    @rx.event
    @asked
    async def look(self, user: User) -> None:
        """Read them anew."""
        await self._look(user)

    @rx.event
    @asked
    async def return_from(self, _user: User, query: dict[str, str]) -> None:
        """Say how a sign-in at a provider ended, when one comes back from there."""
        connected, failed = query.get("connected", ""), query.get("failed", "")
        self.note = CONNECTED.format(provider=PROVIDERS[connected]) if connected in PROVIDERS else ""
        if failed in ERRORS:
            provider = query.get("provider", "")
            await flash(self, Invalid(failed, provider=provider if provider in PROVIDERS else ""))

    @rx.event
    @asked
    async def test(self, _user: User, provider: Name) -> Any:
        """Say that a provider is being asked, and ask it."""
        self._tell(provider, ASKING_PROVIDER.format(provider=PROVIDERS.get(provider, provider)))
        return KeysState.prove(provider)

    @rx.event
    @asked
    async def prove(self, user: User, provider: Name) -> None:
        """Ask a provider whether it takes the key."""
        self._tell(provider, "")
        tested = await providers.test_credential(user, provider)
        self._tell(provider, told_of(tested), is_refused=tested.outcome != "ok")

    @rx.event
    @asked
    async def remove(self, user: User, provider: Name) -> None:
        """Remove the person's own key."""
        await providers.remove_credential(user, provider)
        await self._look(user)
        await say(self, KEY_REMOVED)

    async def _look(self, user: User) -> None:
        self.keys = keys_shown(await providers.credentials(user), datetime.now(UTC))

    def _tell(self, provider: str, note: str, *, is_refused: bool = False) -> None:
        noted = {"note": note, "is_refused": is_refused}
        self.keys = [replace(key, **noted) if key.provider == provider else key for key in self.keys]


def keys_shown(states: Iterable[providers.CredentialState], now: datetime) -> list[KeyShown]:
    """The keys as the page shows them: those there are first; where nothing can be done, nothing is shown."""
    found = [one for one in states if one.source != "none" or one.auth_types or one.has_sign_in]
    return [_shown(one, now) for one in sorted(found, key=lambda one: one.source == "none")]


def _shown(one: providers.CredentialState, now: datetime) -> KeyShown:
    name = PROVIDERS.get(one.provider, one.provider)
    own = KEY_SIGNED_IN if one.auth_type == "oauth_token" else KEY_OWN
    whose = {"own": own, "server": KEY_SERVERS}.get(one.source, KEY_NONE)
    ends = KEY_ENDS.format(hint=one.hint) if one.hint else ""
    return KeyShown(
        provider=one.provider,
        name=name,
        state=joined([whose, ends, used(one.last_used_at, now) if one.source == "own" else ""]),
        times=joined([exactly(one.created_at), exactly(one.last_used_at)]),
        is_own=one.source == "own",
        is_there=one.source != "none",
        takes_key="api_key" in one.auth_types,
        takes_account="service_account" in one.auth_types,
        sign_in=SIGN_IN_WITH.format(whom=SIGN_IN_WHOM.get(one.provider, name)) if one.has_sign_in else "",
    )


def told_of(tested: providers.Tested) -> str:
    """What a provider said of a key, in words.

    >>> told_of(providers.Tested(provider="openai", source="own", outcome="ok"))
    'OpenAI accepts the key.'
    """
    name = PROVIDERS.get(tested.provider, tested.provider)
    if tested.outcome == "ok":
        return TESTED.format(provider=name)
    return NOT_ACCEPTED.format(provider=name, trouble=TROUBLES.get(tested.outcome, ODD_ANSWER))
