"""The log of a session: durable events, numbered within it, appended once."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import update
from sqlmodel import Session, col, select

from agent.core.errors import NotFound
from agent.core.events import EVENT, Event
from agent.store.columns import new_id, now
from agent.store.engine import reading, writing
from agent.store.sessions import EventRow, SessionRow


async def append(session_id: str, event: Event, key: str = "") -> tuple[int, Event, bool]:
    """Store an event.

    Args:
        session_id: whose log.
        event: what happened.
        key: an event with the same key is stored once; empty for an event of its own.

    Returns:
        Its number, the event that is stored under the key, and whether it is new.

    Raises:
        NotFound: the session is gone.
        Unavailable: the database does not answer; nothing was stored.
    """

    def work(store: Session) -> tuple[int, Event, bool]:
        if key and (found := _kept(store, key)):
            return *found, False
        seq = _counted(store, session_id)
        store.add(_row(session_id, seq, event, key))
        return seq, event, True

    return await writing(work)


async def kept(key: str) -> tuple[int, Event] | None:
    """The event that is stored under a key, with its number; None when there is none."""
    return await reading(lambda store: _kept(store, key))


async def read(session_id: str, after: int = 0) -> list[tuple[int, Event]]:
    """The events after a number, in order, each with its number.

    Raises:
        Unavailable: the database does not answer.
    """

    def work(store: Session) -> list[tuple[int, Event]]:
        rows = store.exec(
            select(EventRow)
            .where(EventRow.session_id == session_id, col(EventRow.seq) > after)
            .order_by(col(EventRow.seq))
        )
        return [(row.seq, EVENT.validate_python(row.body)) for row in rows]

    return await reading(work)


def _kept(store: Session, key: str) -> tuple[int, Event] | None:
    row = store.exec(select(EventRow).where(EventRow.key == key)).first()
    return (row.seq, EVENT.validate_python(row.body)) if row else None


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


def _row(session_id: str, seq: int, event: Event, key: str) -> EventRow:
    return EventRow(
        session_id=session_id,
        seq=seq,
        key=key or new_id(),
        turn_id=event.turn_id,
        type=event.type,
        body=storable(event.model_dump(mode="json")),
        at=event.at,
    )


def storable(value: Any) -> Any:
    r"""The value without what PostgreSQL's JSON cannot hold: NUL and half characters become the mark U+FFFD.

    >>> storable({"a": ["x\0y", 1]})
    {'a': ['x�y', 1]}
    """
    if isinstance(value, str):
        clean = value.replace("\0", "\ufffd")
        return clean if clean.isascii() else clean.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {storable(name): storable(field) for name, field in fields.items()}
    if isinstance(value, Sequence):
        return [storable(entry) for entry in cast("Sequence[Any]", value)]
    return value
