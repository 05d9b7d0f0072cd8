"""The live sessions of this process: one object per session, made when it is needed."""

import asyncio
from collections import defaultdict

import structlog
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from agent.core.errors import MaestroError
from agent.core.identity import Session, User
from agent.sessions import rows
from agent.sessions.live import LiveSession
from agent.store.engine import reading
from agent.store.sessions import EventRow, SessionRow
from agent.store.users import UserRow

MOST_IDLE = 64
"""Live sessions kept with their history in memory while nothing happens in them."""

logger = structlog.get_logger()

_live: dict[str, LiveSession] = {}
_loading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
"""One per session: two commands at once may not make two objects."""


def live_or_none(session_id: str) -> LiveSession | None:
    """The live session, if there is one."""
    return _live.get(session_id)


async def live(user: User, session: Session) -> LiveSession:
    """The live session; brought to life from its log when it is not there."""
    async with _loading[session.id]:
        found = _live.pop(session.id, None)
        if found is None:
            found = LiveSession(user, session)
            await found.load()
            _forget_the_idle()
        _live[session.id] = found  # the last used stands last
        return found


def _forget_the_idle() -> None:
    idle = [session_id for session_id, found in _live.items() if not found.is_busy]
    for session_id in idle[: max(0, len(idle) - MOST_IDLE)]:
        del _live[session_id]
        _loading.pop(session_id, None)


async def wake() -> None:
    """Bring to life the sessions whose turn was cut off or whose prompts wait."""
    other = aliased(EventRow)
    begun = col(EventRow.type).in_(("TurnStarted", "PromptQueued"))
    ended = select(other.seq).where(
        other.session_id == EventRow.session_id,
        other.turn_id == EventRow.turn_id,
        col(other.type).in_(("TurnFinished", "PromptDropped")),
    )
    wanted = (
        select(SessionRow.id, UserRow)
        .join(UserRow, col(UserRow.id) == SessionRow.user_id)
        .where(col(SessionRow.deleted_at).is_(None))
        .where(col(SessionRow.id).in_(select(EventRow.session_id).where(begun, ~ended.exists())))
    )
    found = await reading(lambda store: [(session_id, row) for session_id, row in store.exec(wanted)])
    for session_id, row in found:
        user = User(id=row.id, email=row.email, name=row.name, provider=row.provider, is_admin=row.is_admin)
        try:
            await live(user, await rows.session(user, session_id))
        except MaestroError:
            logger.exception("session stays asleep", session_id=session_id)


async def close() -> None:
    """End all live sessions; their turns are closed or taken up at the next start."""
    await asyncio.gather(*(found.close() for found in _live.values()))
    _live.clear()
    _loading.clear()
