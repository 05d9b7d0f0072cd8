"""Coming back: checkpoints of a session, kept in its `agent_state`, and copies of it from any point."""

from datetime import datetime
from typing import cast

from sqlmodel import Session as Store
from sqlmodel import col, select

from agent.core.errors import Conflict, Invalid, NotFound
from agent.core.events import CheckpointRestored, CheckpointSaved, Event
from agent.core.identity import Session
from agent.core.messages import Value
from agent.core.policy import Mode
from agent.sessions import log
from agent.sessions.turns.engine import Run
from agent.store.columns import new_id, now
from agent.store.engine import writing
from agent.store.sessions import EventRow, SessionRow

MOST = 100
"""Checkpoints kept in a session; the oldest goes first."""


class Checkpoint(Value):
    """A point of a session one can come back to."""

    id: str
    name: str
    seq: int
    """The number of the last event before it: the log up to there is what was said."""
    model: str
    mode: Mode
    at: datetime


async def save(session_id: str, name: str) -> tuple[Checkpoint, tuple[int, Event]]:
    """Keep a session as it stands.

    Raises:
        NotFound: the session is gone.
    """

    def work(store: Store) -> tuple[Checkpoint, tuple[int, Event]]:
        row = _row(store, session_id)
        made = Checkpoint.model_validate(
            {
                "id": new_id(),
                "name": name,
                "seq": row.last_seq,
                "model": row.model,
                "mode": row.mode,
                "at": now(),
            }
        )
        kept = [*_kept(row), made][-MOST:]
        row.agent_state = {**row.agent_state, "checkpoints": [each.model_dump(mode="json") for each in kept]}
        return made, log.write(store, session_id, CheckpointSaved(id=made.id))[:2]

    return await writing(work)


async def restore(session_id: str, checkpoint_id: str) -> tuple[Checkpoint, tuple[int, Event]]:
    """Go back to a checkpoint.

    Raises:
        NotFound: the session or the checkpoint is gone.
        Conflict: a turn runs.
    """

    def work(store: Store) -> tuple[Checkpoint, tuple[int, Event]]:
        row = _row(store, session_id)
        found = next((each for each in _kept(row) if each.id == checkpoint_id), None)
        if found is None:
            raise NotFound("checkpoint")
        if row.turn_id or row.queue:
            raise Conflict("turn_runs")
        row.model, row.mode = found.model, found.mode
        return found, log.write(store, session_id, CheckpointRestored(id=found.id, seq=found.seq))[:2]

    return await writing(work)


async def copy(source: Session, into: Session, seq: int) -> Run | None:
    """Copy the log of a session up to a number; gives its turn when the copy ends in the middle of one.

    Raises:
        Invalid: the number is none of its events.
    """
    if not 0 < seq <= source.last_seq:
        raise Invalid("bad_arguments", what="seq is no event of this session")

    def work(store: Store) -> Run | None:
        wanted = select(EventRow).where(EventRow.session_id == source.id, col(EventRow.seq) <= seq)
        for row in store.exec(wanted.order_by(col(EventRow.seq))).all():
            key = row.key.replace(source.id, into.id)
            log.write(store, into.id, log.event_of(row), key if key != row.key else "")
        made = _row(store, into.id)
        return Run(made.id, made.turn_id) if made.turn_id else None

    return await writing(work)


def _row(store: Store, session_id: str) -> SessionRow:
    row = store.get(SessionRow, session_id, with_for_update=True)
    if row is None:
        raise NotFound("session")
    return row


def _kept(row: SessionRow) -> list[Checkpoint]:
    kept = cast("list[object]", row.agent_state.get("checkpoints", []))
    return [Checkpoint.model_validate(each) for each in kept]
