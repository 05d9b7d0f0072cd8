"""The list of a person's sessions beside every page."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import reflex as rx

from agent import sessions
from agent.config import Settings, settings
from agent.core.errors import MaestroError
from agent.core.identity import User
from agent.sessions import Listed
from app.browsed import group
from app.shown import Entry
from app.state import bring_up
from app.words import UNNAMED
from app.words.browsing import GROUPS, STATES
from app.zones import zone_of

EVERY = 5
"""Heartbeats of a tab after which its list is read anew: other sessions go on meanwhile."""


class SessionsState(rx.State):
    """The person's sessions, the last used first."""

    entries: list[Entry] = []
    asking: int = 0
    """How many of them need the person."""
    way_out: str = ""
    """What a person can do about being signed in: `sign_out`, `sign_in` as a guest, or nothing."""


async def list_anew(state: rx.State, user: User) -> None:
    """Read a tab's list anew."""
    found, _ = await sessions.browse(user)
    entries = grouped(found, datetime.now(zone_of(state)))
    bring_up(
        await state.get_state(SessionsState),
        way_out=way_out(user, settings()),
        asking=sum(entry.how == "needs_me" for entry in entries),
        entries=entries,
    )


class Listing:
    """Keeps a tab's list up to what happens in other sessions."""

    def __init__(self, tab: rx.State, user: User) -> None:
        self._tab, self._user, self._beats = tab, user, 0

    async def beat(self) -> None:
        """Called with each heartbeat of the tab; reads now and then."""
        self._beats += 1
        if self._beats % EVERY:
            return
        with suppress(MaestroError):  # it is told when somebody asks for something
            async with self._tab:
                await list_anew(self._tab, self._user)


def grouped(found: Sequence[Listed], now: datetime) -> list[Entry]:
    """The sessions as they are listed: the pinned ones, then those of each time, by the days of `now`."""
    entries: list[Entry] = []
    before = ""
    for listed in found:
        one = listed.session
        if not (one.last_seq or one.name):
            continue  # made for the files of a prompt that was not sent
        heading = GROUPS[group(one, now)]
        entries.append(_entry(listed, "" if heading == before else heading))
        before = heading
    return entries


def _entry(listed: Listed, heading: str) -> Entry:
    one, how = listed.session, "" if listed.state == "idle" else listed.state
    return Entry(
        id=one.id,
        name=one.name or UNNAMED,
        href=f"/s/{one.id}",
        heading=heading,
        how=how,
        label=STATES[how] if how else "",
        at=one.updated_at.isoformat(),
    )


def way_out(user: User, settings: Settings) -> str:
    """What somebody can do about being signed in.

    >>> ada = User(id="1", email="ada@example.org", name="Ada", provider="google")
    >>> way_out(ada, Settings(maestro_auth="oidc", _env_file=None))
    'sign_out'
    """
    if user.is_anonymous:
        return "sign_in" if settings.has_issuer else ""
    return "" if settings.maestro_auth == "local" else "sign_out"
