"""The log of a session: durable events, numbered within it, appended once."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

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
    async with writing() as store:
        if key and (kept := await _kept(store, key)):
            return kept.seq, EVENT.validate_python(kept.body), False
        counted = await store.exec(
            update(SessionRow)
            .where(col(SessionRow.id) == session_id)
            .values(last_seq=SessionRow.last_seq + 1, updated_at=now())
            .returning(col(SessionRow.last_seq))
        )
        seq = counted.scalar_one_or_none()
        if seq is None:
            raise NotFound("session")
        store.add(
            EventRow(
                session_id=session_id,
                seq=seq,
                key=key or new_id(),
                turn_id=event.turn_id,
                type=event.type,
                body=storable(event.model_dump(mode="json")),
                at=event.at,
            )
        )
    return seq, event, True


async def read(session_id: str, after: int = 0) -> list[tuple[int, Event]]:
    """The events after a number, in order, each with its number."""
    async with reading() as store:
        rows = await store.exec(
            select(EventRow.seq, EventRow.body)
            .where(EventRow.session_id == session_id, col(EventRow.seq) > after)
            .order_by(col(EventRow.seq))
        )
        return [(seq, EVENT.validate_python(body)) for seq, body in rows]


async def _kept(store: AsyncSession, key: str) -> EventRow | None:
    return (await store.exec(select(EventRow).where(EventRow.key == key))).first()


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
