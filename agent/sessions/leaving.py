"""Somebody leaves for good: their turns end, then their sessions go, with what lies in the workspaces."""

import asyncio

from sqlmodel import col, delete, func, select

from agent import tooling
from agent.core.identity import Session, User
from agent.sessions import rows
from agent.store.engine import reading, writing
from agent.store.sessions import SessionRow

PATIENCE = 5.0
"""Seconds turns may take to end that were told to stop; what a later one still writes finds no session."""
LOOKS = 100
"""Within that time."""


async def every(user: User) -> list[Session]:
    """All sessions of a person, those too that are out of sight."""
    theirs = select(SessionRow).where(SessionRow.user_id == user.id)
    return await reading(lambda store: [rows.shown(row) for row in store.exec(theirs)])


async def settle(user: User) -> None:
    """Wait until no turn of a person runs any more; not for ever."""
    running = select(func.count()).where(
        SessionRow.user_id == user.id,
        col(SessionRow.turn_id).is_not(None),
        col(SessionRow.is_parked).is_(False),
    )
    for _ in range(LOOKS):
        if not await reading(lambda store: store.exec(running).one()):
            return
        await asyncio.sleep(PATIENCE / LOOKS)


async def remove(user: User, session: Session) -> None:
    """Remove a session of a person, its log and its own workspace."""
    await tooling.discard_workspace(user, session)
    gone = delete(SessionRow).where(col(SessionRow.id) == session.id, col(SessionRow.user_id) == user.id)
    await writing(lambda store: store.exec(gone))
