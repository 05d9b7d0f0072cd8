"""Coming back: checkpoints of a session, kept in its `agent_state`, and copies of it from any point."""

import re
from datetime import datetime
from typing import cast

from sqlmodel import Session as Store

from agent.core.errors import Conflict, Invalid, NotFound
from agent.core.events import (
    ApprovalRequested,
    CheckpointRestored,
    CheckpointSaved,
    Event,
    PromptQueued,
    TurnStarted,
)
from agent.core.identity import Session
from agent.core.messages import Value
from agent.core.policy import Mode
from agent.sessions import log, quotas
from agent.sessions.turns.approvals import approval_id
from agent.sessions.turns.engine import Run
from agent.sessions.turns.moves import begin_next
from agent.store import search
from agent.store.columns import new_id, now
from agent.store.engine import reading, writing
from agent.store.sessions import SessionRow

MOST = 100
"""Checkpoints kept in a session; the oldest goes first."""
ID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


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


async def kept(session_id: str) -> list[Checkpoint]:
    """The checkpoints of a session, the oldest first.

    Raises:
        NotFound: the session is gone.
    """
    return await reading(lambda store: _kept(_row(store, session_id)))


async def restore(session_id: str, checkpoint_id: str) -> tuple[Checkpoint, tuple[int, Event]]:
    """Go back to a checkpoint.

    Raises:
        NotFound: the session or the checkpoint is gone.
        Conflict: a turn runs, or prompts wait.
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


async def take_back(session_id: str, turn_id: str) -> tuple[TurnStarted, tuple[int, Event]]:
    """Go back to before a turn; model and mode stay, and so do the files.

    Raises:
        NotFound: the session is gone, or no such turn counts in it.
        Conflict: a turn runs, or prompts wait.
    """

    def work(store: Store) -> tuple[TurnStarted, tuple[int, Event]]:
        row = _row(store, session_id)
        if row.turn_id or row.queue:
            raise Conflict("turn_runs")
        begun = log.begun_in(store, session_id, turn_id)
        if begun is None:
            raise NotFound("prompt")
        seq, started = begun
        return started, log.write(store, session_id, CheckpointRestored(id="", seq=seq - 1))[:2]

    return await writing(work)


async def end_of(session_id: str, turn_id: str) -> int:
    """The number of the event that a turn ended with.

    Raises:
        NotFound: no such turn has ended in it.
    """
    seq = await reading(lambda store: log.end_in(store, session_id, turn_id))
    if seq is None:
        raise NotFound("turn")
    return seq


def require_event(source: Session, seq: int) -> None:
    """Go on only when a session has an event of this number.

    Raises:
        Invalid: it has none.
    """
    if not 0 < seq <= source.last_seq:
        raise Invalid("bad_arguments", what="seq is no event of this session")


async def copy(source: Session, into: Session, seq: int) -> Run | None:
    """Copy the log of a session up to a number into an empty one; gives the turn that must run there now.

    Raises:
        Invalid: the number is none of its events.
        LimitReached: a guest may not have so many turns.
        Unavailable: an event is damaged.
    """
    require_event(source, seq)

    def work(store: Store) -> Run | None:
        made = _row(store, into.id)
        own = {source.id: into.id}
        for kept in log.kept_until(store, source.id, seq):
            event = _owned(kept.event, own)
            store.add(log.row_of(into.id, kept.seq, event, _own_key(kept.key, source.id, own)))
            log.project(made, event)
            search.index(store, into.id, kept.seq, event)
        made.last_seq = seq
        told_of = [each.model_dump(mode="json") for each in _kept(_row(store, source.id)) if each.seq < seq]
        made.agent_state = {**made.agent_state, "checkpoints": told_of}
        store.flush()
        quotas.count_turns(store, made, len(made.queue) + bool(made.turn_id))
        begin_next(store, made)
        return Run(made.id, made.turn_id) if made.turn_id else None

    return await writing(work)


def _owned(event: Event, own: dict[str, str]) -> Event:
    """The event with ids of the copy's own: by its turn's id the engine knows that of the source."""
    match event:
        case TurnStarted() | PromptQueued():
            own.setdefault(event.turn_id, new_id())
        case ApprovalRequested():
            own[event.approval_id] = approval_id(
                own.get(event.turn_id, event.turn_id), event.call, event.call_hash
            )
        case _:
            pass
    ids = {name: getattr(event, name, "") for name in ("turn_id", "prompt_id", "approval_id")}
    return event.model_copy(update={name: own[known] for name, known in ids.items() if known in own})


def _own_key(key: str, source_id: str, own: dict[str, str]) -> str:
    """The key of a place in a turn, for the copy; what a person sent is the source's alone."""
    if not key.startswith(f"{source_id}/") or key.startswith(f"{source_id}/command/"):
        return new_id()
    return ID.sub(lambda found: own.get(found[0], found[0]), key)


def _row(store: Store, session_id: str) -> SessionRow:
    row = store.get(SessionRow, session_id, with_for_update=True)
    if row is None:
        raise NotFound("session")
    return row


def _kept(row: SessionRow) -> list[Checkpoint]:
    kept = cast("list[object]", row.agent_state.get("checkpoints", []))
    return [Checkpoint.model_validate(each) for each in kept]
