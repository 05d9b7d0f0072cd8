"""What the owner of a turn changes in the log in one transaction: steer it, park it, finish it."""

from collections.abc import Callable

from sqlmodel import Session as Store

from agent.core.errors import NotFound
from agent.core.events import (
    ApprovalGiven,
    Event,
    Noticed,
    PromptQueued,
    PromptSteered,
    TurnFinished,
    TurnStarted,
)
from agent.sessions import log
from agent.sessions.turns.engine import Run
from agent.store.engine import writing
from agent.store.sessions import SessionRow

Stored = list[tuple[int, Event]]
"""Events with their numbers, as they were stored."""


async def steer(run: Run, writer: str, key: Callable[[Event], str]) -> Stored:
    """Take the waiting prompts that steer out of the queue and into the running turn."""

    def work(store: Store) -> Stored:
        row = _row(store, run)
        waiting = [
            queued for prompt_id in row.queue if (queued := queued_in(store, row.id, prompt_id)).steers
        ]
        return [
            log.write(store, run.session_id, event, key(event), writer)[:2]
            for event in (
                PromptSteered(turn_id=run.turn_id, prompt_id=queued.prompt_id, prompt=queued.prompt)
                for queued in waiting
            )
        ]

    return await writing(work)


async def park(run: Run, approval_id: str, writer: str) -> Stored | None:
    """Let a turn wait for its person without anybody working on it; None when the answer is already there."""

    def work(store: Store) -> Stored | None:
        row = _row(store, run)
        if given_in(store, run.session_id, run.turn_id, approval_id) or is_stopping(
            store, run.session_id, run.turn_id
        ):
            return None
        notice = Noticed(turn_id=run.turn_id, code="parked", values={"part": run.part})
        seq, event, _ = log.write(store, run.session_id, notice, f"{run.session_id}/{run.id}/parked", writer)
        row.is_parked = True
        return [(seq, event)]

    return await writing(work)


async def finish(run: Run, finished: TurnFinished, key: str, writer: str) -> tuple[Stored, Run | None]:
    """End a turn and begin the next one; gives what was stored, and what is to run."""

    def work(store: Store) -> tuple[Stored, Run | None]:
        seq, event, is_new = log.write(store, run.session_id, finished, key, writer)
        stored: Stored = [(seq, event)]
        row = _row(store, run)
        if is_new and (begun := begin_next(store, row, writer)):
            stored.append(begun)
        return stored, Run(row.id, row.turn_id) if row.turn_id and row.turn_id != run.turn_id else None

    return await writing(work)


def begin_next(store: Store, row: SessionRow, writer: str = "") -> tuple[int, Event] | None:
    """Begin the turn of the prompt that waits longest, within a transaction; None when no prompt waits."""
    if row.turn_id or row.deleted_at or not row.queue:
        return None
    queued = queued_in(store, row.id, row.queue[0])
    started = TurnStarted.model_validate(
        {"turn_id": queued.turn_id, "prompt": queued.prompt, "model": row.model, "mode": row.mode}
    )
    key = f"{row.id}/{queued.turn_id}/started"
    return log.write(store, row.id, started, key, writer)[:2]


def queued_in(store: Store, session_id: str, prompt_id: str) -> PromptQueued:
    """A waiting prompt as it was edited last, within a transaction."""
    found = log.of_turn(store, session_id, prompt_id, "PromptQueued")
    return [event for event in found if isinstance(event, PromptQueued)][-1]


def given_in(store: Store, session_id: str, turn_id: str, approval_id: str) -> bool:
    """Whether an approval of a turn is answered, within a transaction."""
    found = log.of_turn(store, session_id, turn_id, "ApprovalGiven")
    return any(isinstance(event, ApprovalGiven) and event.approval_id == approval_id for event in found)


def is_stopping(store: Store, session_id: str, turn_id: str) -> bool:
    """Whether somebody wished a turn to stop, within a transaction."""
    found = log.of_turn(store, session_id, turn_id, "Noticed")
    return any(isinstance(event, Noticed) and event.code == "stopping" for event in found)


def _row(store: Store, run: Run) -> SessionRow:
    row = store.get(SessionRow, run.session_id, with_for_update=True)
    if row is None:
        raise NotFound("session")
    return row
