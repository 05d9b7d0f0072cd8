"""People on the way to another server to sign in, until they come back: sealed, bound to them, used once."""

import asyncio
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement
from sqlmodel import Session as Store
from sqlmodel import col, delete, select, update

from agent.accounts.tokens import hashed
from agent.store import sealing
from agent.store.columns import now
from agent.store.engine import reading, writing
from agent.store.users import SignInRow

Purpose = Literal["login", "provider", "device"]
"""At our own issuer, at a provider by its page, or at one by a code typed elsewhere."""

LIFE = timedelta(minutes=10)
MOST_AT_ONCE = 10
"""Of one owner; a further one takes the place of the oldest."""
TABLE, FIELD = "sign_ins", "sealed"


async def keep(state: str, purpose: Purpose, owner: str, body: bytes, until: datetime | None = None) -> None:
    """Keep what must be known again when somebody comes back; only the hash of their state is stored.

    Args:
        state: what they bring back.
        purpose: where they go.
        owner: who alone may come back with it: the hash of the browser's own cookie, or a user's id.
        body: what must be known again.
        until: when it ends; None for ten minutes from now.

    Raises:
        Unavailable: it cannot be sealed.
    """
    row = SignInRow(
        state_hash=hashed(state),
        purpose=purpose,
        owner=owner,
        sealed=b"",
        expires_at=until or now() + LIFE,
    )
    row.sealed = await _sealed(row, body)

    def work(store: Store) -> None:
        mine = select(SignInRow.state_hash).where(SignInRow.owner == owner, SignInRow.purpose == purpose)
        oldest = mine.order_by(col(SignInRow.expires_at).desc()).offset(MOST_AT_ONCE - 1)
        gone = [*store.exec(oldest)]
        store.exec(delete(SignInRow).where(col(SignInRow.state_hash).in_(gone)))
        store.exec(delete(SignInRow).where(col(SignInRow.expires_at) < now()))
        store.add(row)

    await writing(work)


async def take(state: str, purpose: Purpose, owner: str) -> bytes | None:
    """What was kept for who comes back, and nobody can take again; None when nothing was kept for them.

    Raises:
        Unavailable: it cannot be opened.
    """

    def work(store: Store) -> SignInRow | None:
        theirs = delete(SignInRow).where(*_theirs(state, purpose, owner)).returning(SignInRow)
        return store.scalars(theirs).first()

    row = await writing(work)
    return None if row is None else await _opened(row)


async def look(state: str, purpose: Purpose, owner: str) -> bytes | None:
    """What is kept, while it stays kept; None when nothing is.

    Raises:
        Unavailable: it cannot be opened.
    """
    wanted = select(SignInRow).where(*_theirs(state, purpose, owner))
    row = await reading(lambda store: store.exec(wanted).first())
    return None if row is None else await _opened(row)


async def replace(state: str, purpose: Purpose, owner: str, before: bytes, after: bytes) -> bool:
    """Keep something else in its place, if it is still what it was; of several at once one alone succeeds."""
    wanted = select(SignInRow).where(*_theirs(state, purpose, owner))
    row = await reading(lambda store: store.exec(wanted).first())
    if row is None or await _opened(row) != before:
        return False
    same = (col(SignInRow.state_hash) == row.state_hash, col(SignInRow.sealed) == row.sealed)
    change = update(SignInRow).where(*same).values(sealed=await _sealed(row, after))
    return await writing(lambda store: store.exec(change).rowcount == 1)


def _theirs(state: str, purpose: Purpose, owner: str) -> tuple[ColumnElement[bool], ...]:
    return (
        col(SignInRow.state_hash) == hashed(state),
        col(SignInRow.purpose) == purpose,
        col(SignInRow.owner) == owner,
        col(SignInRow.expires_at) > now(),
    )


async def _sealed(row: SignInRow, body: bytes) -> bytes:
    place = {"table": TABLE, "row": row.state_hash, "user": row.owner, "field": FIELD}
    return await asyncio.to_thread(sealing.seal, body, **place)


async def _opened(row: SignInRow) -> bytes:
    place = {"table": TABLE, "row": row.state_hash, "user": row.owner, "field": FIELD}
    return await asyncio.to_thread(sealing.unseal, row.sealed, **place)
