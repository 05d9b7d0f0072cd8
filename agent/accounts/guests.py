"""Guests: browsers that get a cookie without a sign-in, and whose sessions are claimed by one."""

from datetime import timedelta
from typing import cast

from sqlalchemy import CursorResult, update
from sqlmodel import Session as Store
from sqlmodel import col, select

from agent.accounts.limiting import hit, network
from agent.accounts.tokens import hashed, new_token
from agent.core.errors import LimitReached
from agent.core.identity import User
from agent.store.columns import new_id, now
from agent.store.engine import writing
from agent.store.sessions import SessionRow
from agent.store.users import LoginSessionRow

GUEST_FOR = timedelta(days=7)
"""Long enough to come back to what was begun, short enough that nobody takes it for an account."""
NEW_GUESTS = "5/hour"
"""From one place: a household, or an office with its machines; who throws cookies away is told to wait."""


async def new_guest(place: str) -> str:
    """Make a guest of a browser; the answer is its cookie's value, which is not stored.

    Args:
        place: the address it asks from.

    Raises:
        LimitReached: too many came from there.
    """
    where = network(place)
    try:
        await hit(f"guests/{where}", NEW_GUESTS)
    except LimitReached as error:
        raise LimitReached("guests", seconds=error.values["seconds"]) from None
    token = new_token("mss")
    row = LoginSessionRow(
        anonymous_session_id=new_id(), token_hash=hashed(token), place=where, expires_at=now() + GUEST_FOR
    )
    await writing(lambda store: store.add(row))
    return token


async def claim(user: User, token_hash: str) -> int:
    """Give a guest's sessions to the person who signed in; the guest is no more.

    Args:
        user: who signed in.
        token_hash: of the cookie that the browser had before.

    Returns:
        How many sessions it were; 0 as well when the cookie is no guest's.
    """

    def work(store: Store) -> int:
        wanted = select(LoginSessionRow).where(
            LoginSessionRow.token_hash == token_hash,
            col(LoginSessionRow.anonymous_session_id).is_not(None),
            col(LoginSessionRow.expires_at) > now(),
        )
        found = store.exec(wanted).first()
        if found is None:
            return 0
        theirs = col(SessionRow.anonymous_session_id) == found.anonymous_session_id
        # The sessions first, then the guest, as whoever takes a prompt does: else both could wait for ever.
        store.exec(select(SessionRow.id).where(theirs).order_by(col(SessionRow.id)).with_for_update()).all()
        row = store.exec(wanted.with_for_update()).first()
        if row is None:
            return 0
        given = update(SessionRow).where(theirs).values(user_id=user.id, anonymous_session_id=None)
        claimed = cast("CursorResult[object]", store.connection().execute(given)).rowcount
        store.delete(row)
        return claimed

    return await writing(work)
