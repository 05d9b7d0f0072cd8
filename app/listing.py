"""The list of a person's sessions beside every page."""

from datetime import datetime

import reflex as rx

from agent import sessions
from agent.config import Settings, settings
from agent.core.identity import Session, User
from app.browsed import group
from app.shown import Entry
from app.words import UNNAMED
from app.words.browsing import GROUPS
from app.zones import zone_of


class SessionsState(rx.State):
    """The person's sessions, the last used first."""

    entries: list[Entry] = []
    way_out: str = ""
    """What a person can do about being signed in: `sign_out`, `sign_in` as a guest, or nothing."""


async def list_anew(state: rx.State, user: User) -> None:
    """Read a tab's list anew."""
    found, _ = await sessions.mine(user)
    target = await state.get_state(SessionsState)
    target.way_out = way_out(user, settings())
    target.entries = grouped(found, datetime.now(zone_of(state)))


def grouped(found: list[Session], now: datetime) -> list[Entry]:
    """The sessions as they are listed: the pinned ones, then those of each time, by the days of `now`."""
    entries: list[Entry] = []
    before = ""
    for one in found:
        if not (one.last_seq or one.name):
            continue  # made for the files of a prompt that was not sent
        name, heading = one.name or UNNAMED, GROUPS[group(one, now)]
        shown = "" if heading == before else heading
        entries.append(Entry(id=one.id, name=name, href=f"/s/{one.id}", heading=shown))
        before = heading
    return entries


def way_out(user: User, settings: Settings) -> str:
    """What somebody can do about being signed in.

    >>> ada = User(id="1", email="ada@example.org", name="Ada", provider="google")
    >>> way_out(ada, Settings(maestro_auth="oidc", _env_file=None))
    'sign_out'
    """
    if user.is_anonymous:
        return "sign_in" if settings.has_issuer else ""
    return "" if settings.maestro_auth == "local" else "sign_out"
