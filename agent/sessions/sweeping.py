"""What nobody needs is swept away: guests that ended, with all that was theirs, and sessions never used."""

from contextlib import suppress
from datetime import timedelta

from sqlalchemy import ColumnElement, and_
from sqlmodel import Session as Store
from sqlmodel import col, delete, or_, select

from agent import tooling
from agent.core.errors import NotFound
from agent.core.guests import guest
from agent.core.identity import Session
from agent.sessions import rows
from agent.store.attachments import AttachmentRow
from agent.store.columns import now
from agent.store.engine import reading, writing
from agent.store.sessions import SessionRow
from agent.store.users import LoginSessionRow

KEPT_FOR = timedelta(days=1)
"""After its end: until then what a guest used still counts for the place it came from."""


UNUSED_FOR = timedelta(days=1)
"""After which a session of a person goes in which nothing was ever done."""


async def sweep_unused() -> int:
    """Remove the sessions of people that were begun and never used; says how many.

    A name, a pin, a draft, an attached file or one in the workspace says that somebody means to come back.
    """
    found = await reading(lambda store: store.exec(select(SessionRow.id).where(_is_unused())).all())
    swept = 0
    for session_id in found:
        with suppress(NotFound):  # it was removed meanwhile
            user, session = await rows.owner(session_id)
            if await tooling.is_workspace_empty(user, session) and await _remove_unused(session_id):
                await tooling.discard_workspace(user, session)
                swept += 1
    return swept


async def _remove_unused(session_id: str) -> bool:
    gone = delete(SessionRow).where(col(SessionRow.id) == session_id, _is_unused())
    return await writing(lambda store: store.exec(gone).rowcount > 0)


def _is_unused() -> ColumnElement[bool]:
    return and_(
        col(SessionRow.user_id).is_not(None),
        col(SessionRow.last_seq) == 0,
        col(SessionRow.name) == "",
        col(SessionRow.draft) == "",
        col(SessionRow.pinned_at).is_(None),
        col(SessionRow.updated_at) < now() - UNUSED_FOR,
        col(SessionRow.id).not_in(select(AttachmentRow.session_id)),
    )


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
