"""The browsers a person is signed in with."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import reflex as rx
from pydantic import Field

from agent import accounts
from agent.core.identity import User
from app.auth import principal_of
from app.settings.said import say
from app.state import asked
from app.words.settings import (
    BROWSER_ON,
    BROWSERS,
    SIGNED_OUT,
    SYSTEMS,
    UNKNOWN_BROWSER,
    ago,
    exactly,
    hidden,
    joined,
    sentence_of,
    used,
)

Id = Annotated[str, Field(min_length=1, max_length=36)]
MOST = 50
"""Browsers that are shown."""


@dataclass
class BrowserShown:
    """A browser in words."""

    id: str = ""
    name: str = ""
    said: str = ""
    """What it says of itself, word for word."""
    notes: str = ""
    times: str = ""
    is_this: bool = False
    """Whether it is the one that looks."""


class SignInsState(rx.State):
    """Where the person is signed in."""

    browsers: list[BrowserShown] = []
    more: str = ""

    @rx.event
    @asked
    async def look(self, user: User) -> None:
        """Read them anew."""
        await self._look(user)

    @rx.event
    @asked
    async def end(self, user: User, sign_in_id: Id) -> None:
        """Sign a browser out; what is open in it ends."""
        await accounts.end_sign_in(user, sign_in_id)
        await self._look(user)
        await say(self, SIGNED_OUT)

    async def _look(self, user: User) -> None:
        now, found = datetime.now(UTC), await accounts.signed_in(user)
        own = await principal_of(self)
        self.browsers = [browser_shown(one, own.id, now) for one in found[:MOST]]
        self.more = hidden(len(found) - MOST)


def browser_shown(sign_in: accounts.SignIn, own: str, now: datetime) -> BrowserShown:
    """A browser as the page shows it."""
    since = f"since {ago(sign_in.created_at, now)}"
    return BrowserShown(
        id=sign_in.id,
        name=browser_named(sign_in.browser),
        said=sign_in.browser,
        notes=joined([sign_in.place, since, used(sign_in.last_used_at, now) if sign_in.last_used_at else ""]),
        times=joined([exactly(sign_in.created_at), exactly(sign_in.last_used_at)]),
        is_this=sign_in.id == own,
    )


def browser_named(said: str) -> str:
    """A browser as people call it, by what it says of itself; an odd one is left as it is.

    >>> browser_named("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140 Safari/537.36")
    'Chrome on Linux'
    >>> browser_named("lynx"), browser_named("")
    ('Lynx', 'A browser')
    """
    browser = next((name for sign, name in BROWSERS.items() if sign in said), "")
    system = next((name for sign, name in SYSTEMS.items() if sign in said), "")
    if browser and system:
        return BROWSER_ON.format(browser=browser, system=system)
    return browser or sentence_of(said) or UNKNOWN_BROWSER
