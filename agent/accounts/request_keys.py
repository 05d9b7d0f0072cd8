"""Requests that must not be done twice: whoever asks again under the same key gets the answer from before."""

from datetime import timedelta
from typing import cast

from sqlalchemy import ColumnElement, CursorResult
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session as Store
from sqlmodel import col, delete, func, select, update

from agent.accounts.tokens import hashed
from agent.core.errors import Conflict, LimitReached
from agent.core.identity import User
from agent.core.messages import Value
from agent.store.columns import now
from agent.store.engine import writing
from agent.store.users import RequestKeyRow

KEPT = timedelta(hours=24)
AT_WORK = timedelta(minutes=5)
"""No request takes so long: one that has not been answered by then died with its process."""
MOST_KEPT = 10_000
"""Of one user."""


class Answered(Value):
    """What was answered."""

    status: int
    body: str


async def take_request(user: User, key: str, request_hash: str) -> Answered | None:
    """Take a request on; gives its answer when it was done already.

    Args:
        user: who asks.
        key: theirs for this request.
        request_hash: of all that makes it this request and no other.

    Raises:
        Conflict: it is being worked on; or the key was another request's.
        LimitReached: too many are kept.
    """

    def work(store: Store) -> Answered | None:
        store.exec(delete(RequestKeyRow).where(col(RequestKeyRow.created_at) < now() - KEPT))
        row = store.exec(select(RequestKeyRow).where(*_of(user, key))).first()
        if row is not None:
            return _again(store, row, request_hash)
        mine = select(func.count()).where(RequestKeyRow.user_id == user.id)
        if store.exec(mine).one() >= MOST_KEPT:
            raise LimitReached("request_keys", most=MOST_KEPT)
        store.add(RequestKeyRow(user_id=user.id, key_hash=hashed(key), request_hash=request_hash))
        return None

    try:
        return await writing(work)
    except IntegrityError:
        raise Conflict("key_in_use") from None  # the same request came twice at the same moment


async def answer_request(user: User, key: str, status: int, body: str) -> None:
    """Keep what was answered to a request that was taken on."""
    answered = update(RequestKeyRow).where(*_of(user, key)).values(status=status, answer=body)
    await writing(lambda store: store.exec(answered))


async def drop_request(user: User, key: str) -> None:
    """Forget a request that was taken on and came to nothing: it may be tried again."""
    await writing(lambda store: store.exec(delete(RequestKeyRow).where(*_of(user, key))))


def _again(store: Store, row: RequestKeyRow, request_hash: str) -> Answered | None:
    if row.request_hash != request_hash:
        raise Conflict("key_reused")
    if row.status is not None:
        return Answered(status=row.status, body=row.answer)
    abandoned = (
        update(RequestKeyRow)
        .where(
            col(RequestKeyRow.id) == row.id,
            col(RequestKeyRow.status).is_(None),
            col(RequestKeyRow.created_at) < now() - AT_WORK,
        )
        .values(created_at=now())
    )
    if cast("CursorResult[object]", store.connection().execute(abandoned)).rowcount != 1:
        raise Conflict("key_in_use")
    return None


def _of(user: User, key: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(RequestKeyRow.user_id) == user.id, col(RequestKeyRow.key_hash) == hashed(key)
