"""The log of a session: durable events, numbered within it, appended once."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError
from sqlalchemy import Text, bindparam, func, update
from sqlalchemy import cast as cast_to
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from agent.core.errors import NotFound, Unavailable
from agent.core.events import (
    EVENT,
    CheckpointRestored,
    Event,
    PromptDropped,
    PromptQueued,
    PromptSteered,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.history import still_counting
from agent.store import search
from agent.store.columns import new_id, now
from agent.store.engine import reading, writing
from agent.store.sessions import CHANGING, EventRow, ExecutorRow, SessionRow

UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""What PostgreSQL's JSON cannot hold: NUL and half characters."""


BY_NUMBER: Select[int, str] = select(col(EventRow.seq), cast_to(col(EventRow.body), Text)).order_by(
    col(EventRow.seq)
)
"""Events as their JSON text: read at once into values, which takes half the time of the way over a dict."""
BY_KEY = BY_NUMBER.where(col(EventRow.key) == bindparam("key"))
COUNTED = (
    update(SessionRow)
    .where(col(SessionRow.id) == bindparam("session_id"))
    .values(last_seq=col(SessionRow.last_seq) + 1, updated_at=bindparam("now"))
    .returning(SessionRow)
    .execution_options(populate_existing=True)
)
WRITER = (
    select(ExecutorRow.id)
    .where(col(ExecutorRow.id) == bindparam("writer"))
    .with_for_update(read=True, key_share=True)
)
"""The executor's row, which stays until we are done; its heart may beat on."""


class Fenced(BaseException):
    """This process counts as dead: another goes on with its turns. Nobody may handle it, only end."""


async def append(
    session_id: str,
    event: Event,
    key: str = "",
    writer: str = "",
    also: Callable[[Session], None] | None = None,
) -> tuple[int, Event, bool]:
    """Store an event.

    Args:
        session_id: whose log.
        event: what happened.
        key: an event with the same key is stored once; empty for an event of its own.
        writer: the executor that says so; empty for a person, whose word always counts.
        also: what is written with it, when it is new.

    Returns:
        Its number, the event as it is stored under the key, and whether it is new.

    Raises:
        NotFound: the session is gone.
        Unavailable: the database does not answer; nothing was stored.
        Fenced: the writer counts as dead; nothing was stored.
    """

    def work(store: Session) -> tuple[int, Event, bool]:
        stored = write(store, session_id, event, key, writer)
        if also and stored[2]:
            also(store)
        return stored

    return await writing(work)


def write(
    store: Session, session_id: str, event: Event, key: str = "", writer: str = ""
) -> tuple[int, Event, bool]:
    """Store an event within a transaction, and what follows from it in the session's row; see `append`."""
    row = counted(store, session_id)
    if writer and store.exec(WRITER, params={"writer": writer}).first() is None:
        raise Fenced
    if key and (found := kept_in(store, key)):
        row.last_seq -= 1
        return *found, False
    body = event.model_dump(mode="json")
    stored = storable(body)
    store.add(row_of(session_id, row.last_seq, event, key, stored))
    project(row, event)
    search.index(store, session_id, row.last_seq, event)
    store.flush()
    return row.last_seq, event if stored == body else EVENT.validate_python(stored), True


def project(row: SessionRow, event: Event) -> None:
    """Keep what is asked of a session all the time: which turn is open, which prompts wait."""
    match event:
        case TurnStarted():
            row.turn_id, row.turn_part, row.is_parked = event.turn_id, 1, False
            row.queue = [waiting for waiting in row.queue if waiting != event.turn_id]
        case TurnFinished() if event.turn_id == row.turn_id:
            row.turn_id, row.is_parked = None, False
        case PromptQueued() if event.turn_id not in row.queue:
            row.queue = [*row.queue, event.turn_id]
        case ToolCallStarted():
            row.has_changes = row.has_changes or event.call.name in CHANGING
        case PromptDropped() | PromptSteered():
            row.queue = [waiting for waiting in row.queue if waiting != event.prompt_id]
        case _:
            pass


async def kept(key: str) -> tuple[int, Event] | None:
    """The event that is stored under a key, with its number; None when there is none."""
    return await reading(lambda store: kept_in(store, key))


async def newest(session_id: str) -> int:
    """The number of the newest event; 0 when there is none."""
    wanted = select(SessionRow.last_seq).where(SessionRow.id == session_id)
    return await reading(lambda store: store.exec(wanted).first() or 0)


async def steps_of_open_turn(session_id: str, until: int) -> tuple[str, int]:
    """The open turn (or empty), and how many of its steps were finished with the event of a number."""
    turn_id = select(SessionRow.turn_id).where(SessionRow.id == session_id)
    steps = select(func.count()).where(
        EventRow.session_id == session_id,
        EventRow.turn_id == turn_id.scalar_subquery(),
        EventRow.type == "StepFinished",
        col(EventRow.seq) <= until,
    )
    return await reading(lambda store: (store.exec(turn_id).first() or "", store.exec(steps).one()))


async def read(session_id: str, after: int = 0, most: int | None = None) -> list[tuple[int, Event]]:
    """The events after a number, in order, each with its number; all, or so many.

    Raises:
        Unavailable: an event is damaged, or the database does not answer.
    """
    stored = BY_NUMBER.where(EventRow.session_id == session_id, col(EventRow.seq) > after).limit(most)
    return await reading(lambda store: [_event(session_id, seq, body) for seq, body in store.exec(stored)])


async def went_back(session_id: str) -> list[tuple[int, CheckpointRestored]]:
    """The events that say that a session went back, in order, each with its number.

    Raises:
        Unavailable: an event is damaged, or the database does not answer.
    """
    return await reading(lambda store: went_back_in(store, session_id))


def went_back_in(store: Session, session_id: str) -> list[tuple[int, CheckpointRestored]]:
    """The same within a transaction.

    Raises:
        Unavailable: one of them is damaged.
    """
    stored = BY_NUMBER.where(
        EventRow.session_id == session_id,
        EventRow.turn_id == "",  # as of all that happens between turns: the index knows them
        EventRow.type == "CheckpointRestored",
    )
    found = [_event(session_id, seq, body) for seq, body in store.exec(stored)]
    return [(seq, event) for seq, event in found if isinstance(event, CheckpointRestored)]


def end_in(store: Session, session_id: str, turn_id: str) -> int | None:
    """The number of the event that a turn ended with, within a transaction; None when it has not ended."""
    wanted = select(EventRow.seq).where(
        EventRow.session_id == session_id, EventRow.turn_id == turn_id, EventRow.type == "TurnFinished"
    )
    return store.exec(wanted).first()


def begun_in(store: Session, session_id: str, turn_id: str) -> tuple[int, TurnStarted] | None:
    """How a turn began that still counts, with its number, within a transaction; None when none does.

    Raises:
        Unavailable: an event is damaged.
    """
    is_begun = (col(EventRow.type) == "TurnStarted") & (col(EventRow.turn_id) == turn_id)
    wanted = BY_NUMBER.where(
        EventRow.session_id == session_id, is_begun | (col(EventRow.type) == "CheckpointRestored")
    )
    found = still_counting([_event(session_id, seq, body) for seq, body in store.exec(wanted)])
    return next(((seq, event) for seq, event in found if isinstance(event, TurnStarted)), None)


def kept_in(store: Session, key: str) -> tuple[int, Event] | None:
    """The event under a key, within a transaction."""
    row = store.exec(BY_KEY, params={"key": key}).first()
    return _event(key, *row) if row else None


@dataclass(frozen=True)
class Kept:
    """An event as it is kept."""

    seq: int
    key: str
    event: Event


def kept_until(store: Session, session_id: str, seq: int) -> list[Kept]:
    """The events up to a number with their keys, within a transaction.

    Raises:
        Unavailable: one of them is damaged.
    """
    stored = BY_NUMBER.where(col(EventRow.session_id) == session_id, col(EventRow.seq) <= seq)
    keys = select(EventRow.key).where(EventRow.session_id == session_id).order_by(col(EventRow.seq))
    return [
        Kept(at, key, _event(session_id, at, body)[1])
        for (at, body), key in zip(store.exec(stored), store.exec(keys.limit(seq)), strict=False)
    ]


def of_turn(store: Session, session_id: str, turn_id: str, *types: str) -> list[Event]:
    """The events of a turn of these types, in order, within a transaction.

    Raises:
        Unavailable: one of them is damaged.
    """
    wanted = BY_NUMBER.where(
        EventRow.session_id == session_id, EventRow.turn_id == turn_id, col(EventRow.type).in_(types)
    )
    return [_event(session_id, seq, body)[1] for seq, body in store.exec(wanted)]


def counted(store: Session, session_id: str) -> SessionRow:
    """The session's row with its next number; whoever counts at the same time waits for our commit.

    Raises:
        NotFound: the session is gone.
    """
    row = store.exec(COUNTED, params={"session_id": session_id, "now": now()}).scalar_one_or_none()
    if row is None:
        raise NotFound("session")
    return row


def _event(session_id: str, seq: int, body: str) -> tuple[int, Event]:
    return seq, event_of(session_id, seq, body)


def event_of(session_id: str, seq: int, body: str) -> Event:
    """The event of a stored body.

    Raises:
        Unavailable: it is damaged.
    """
    try:
        return EVENT.validate_json(body)
    except ValidationError as error:
        raise Unavailable("event_damaged", session_id=session_id, seq=seq) from error


def row_of(session_id: str, seq: int, event: Event, key: str, body: dict[str, Any] | None = None) -> EventRow:
    """The row of an event; its body as JSON is made when it is not given."""
    return EventRow(
        session_id=session_id,
        seq=seq,
        key=key or new_id(),
        turn_id=event.turn_id,
        type=event.type,
        body=body or event.model_dump(mode="json"),
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
