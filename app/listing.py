"""The list of a person's sessions beside every page."""

import reflex as rx

from agent import sessions
from agent.core.identity import User
from app.shown import Entry
from app.words import UNNAMED


class SessionsState(rx.State):
    """The person's sessions, the last used first."""

    entries: list[Entry] = []


async def list_anew(state: rx.State, user: User) -> None:
    """Read a tab's list anew."""
    found, _ = await sessions.mine(user)
    target = await state.get_state(SessionsState)
    target.entries = [Entry(id=one.id, name=one.name or UNNAMED, href=f"/s/{one.id}") for one in found]
