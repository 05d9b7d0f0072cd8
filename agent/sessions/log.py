"""The log of a session: durable events, numbered within it, appended once."""

import math
import re
from collections.abc import Sequence
from typing import Any, cast

from pydantic import ValidationError
from sqlalchemy import Text, update
from sqlalchemy import cast as cast_to
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from agent.core.errors import NotFound, Unavailable
from agent.core.events import EVENT, Event
from agent.store.columns import new_id, now
from agent.store.engine import reading, writing
from agent.store.sessions import EventRow, SessionRow

UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""What PostgreSQL's JSON cannot hold: NUL and half characters."""


BY_NUMBER: Select[int, str] = select(col(EventRow.seq), cast_to(col(EventRow.body), Text)).order_by(
    col(EventRow.seq)
)
"""Events as their JSON text: read at once into values, which takes half the time of the way over a dict."""


async def append(session_id: str, event: Event, key: str = "") -> tuple[int, Event, bool]:
    """Store an event.

    Args:
        session_id: whose log.
        event: what happened.
        key: an event with the same key is stored once; empty for an event of its own.

    Returns:
        Its number, the event as it is stored under the key, and whether it is new.

    Raises:
        NotFound: the session is gone.
        Unavailable: the database does not answer; nothing was stored.
    """

    def work(store: Session) -> tuple[int, Event, bool]:
        if key and (found := _kept(store, key)):
            return *found, False
        seq = _counted(store, session_id)
        body = event.model_dump(mode="json")
        stored = storable(body)
        store.add(_row(session_id, seq, event, stored, key))
        return seq, event if stored == body else EVENT.validate_python(stored), True

    return await writing(work)


async def kept(key: str) -> tuple[int, Event] | None:
    """The event that is stored under a key, with its number; None when there is none."""
    return await reading(lambda store: _kept(store, key))


async def read(session_id: str, after: int = 0) -> list[tuple[int, Event]]:
    """The events after a number, in order, each with its number.

    Raises:
        Unavailable: an event is damaged, or the database does not answer.
    """
    stored = BY_NUMBER.where(EventRow.session_id == session_id, col(EventRow.seq) > after)
    return await reading(lambda store: [_event(session_id, seq, body) for seq, body in store.exec(stored)])


def _kept(store: Session, key: str) -> tuple[int, Event] | None:
    row = store.exec(BY_NUMBER.where(EventRow.key == key)).first()
    return _event(key, *row) if row else None


def _counted(store: Session, session_id: str) -> int:
    """The next number; whoever counts at the same time waits for our commit."""
    seq = store.exec(
        update(SessionRow)
        .where(col(SessionRow.id) == session_id)
        .values(last_seq=col(SessionRow.last_seq) + 1, updated_at=now())
        .returning(col(SessionRow.last_seq))
    ).scalar_one_or_none()
    if seq is None:
        raise NotFound("session")
    return seq


def _event(session_id: str, seq: int, body: str) -> tuple[int, Event]:
    try:
        return seq, EVENT.validate_json(body)
    except ValidationError as error:
        raise Unavailable("event_damaged", session_id=session_id, seq=seq) from error


def _row(session_id: str, seq: int, event: Event, body: dict[str, Any], key: str) -> EventRow:
    return EventRow(
        session_id=session_id,
        seq=seq,
        key=key or new_id(),
        turn_id=event.turn_id,
        type=event.type,
        body=body,
        at=event.at,
    )


def storable(value: Any) -> Any:
    r"""The value as every database can hold it: the mark U+FFFD for NUL and half characters, None for NaN.

    >>> storable({"a": ["x\0y", 1, float("inf")]})
    {'a': ['x�y', 1, None]}
    """
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {storable(name): storable(field) for name, field in fields.items()}
    if isinstance(value, Sequence):
        return [storable(entry) for entry in cast("Sequence[Any]", value)]
    return value
