"""Guests that ended are swept away, with their sessions and what lies in the workspaces."""

from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session as Store
from sqlmodel import col, delete, or_, select

from agent import tooling
from agent.core.guests import guest
from agent.core.identity import Session
from agent.sessions import rows
from agent.store.columns import now
from agent.store.engine import reading, writing
from agent.store.sessions import SessionRow
from agent.store.users import LoginSessionRow

KEPT_FOR = timedelta(days=1)
"""After its end: until then what a guest used still counts for the place it came from."""


async def sweep() -> int:
    """Remove the guests that ended long enough ago, with all that is theirs; says how many sessions it were.

    One where a turn runs is left for the next time.
    """
    left = await reading(_left)
    for session in left:
        await tooling.discard_workspace(guest(session.owner), session)
        gone = delete(SessionRow).where(col(SessionRow.id) == session.id, _is_nobodys())
        await writing(lambda store, gone=gone: store.exec(gone))
    ended = delete(LoginSessionRow).where(
        col(LoginSessionRow.anonymous_session_id).is_not(None),
        col(LoginSessionRow.expires_at) < now() - KEPT_FOR,
    )
    await writing(lambda store: store.exec(ended))
    return len(left)


def _left(store: Store) -> list[Session]:
    is_still = or_(col(SessionRow.turn_id).is_(None), col(SessionRow.is_parked))
    return [rows.shown(row) for row in store.exec(select(SessionRow).where(_is_nobodys(), is_still))]


def _is_nobodys() -> ColumnElement[bool]:
    """What was a guest's who is no more."""
    known = select(LoginSessionRow.anonymous_session_id).where(
        col(LoginSessionRow.anonymous_session_id).is_not(None),
        col(LoginSessionRow.expires_at) >= now() - KEPT_FOR,
    )
    theirs = col(SessionRow.anonymous_session_id)
    return theirs.is_not(None) & theirs.not_in(known)
