"""The end of a long session by itself: where it is cut, and what must be known of all that was before."""

import asyncio
from typing import Any

from sqlalchemy import func, not_
from sqlalchemy import select as sums
from sqlmodel import Session as Store
from sqlmodel import col, select

from agent.core.events import PromptQueued, ToolCallFinished, ToolCallStarted
from agent.core.identity import User
from agent.core.messages import Usage, Value
from agent.core.todos import TOOL, Todo, latest
from agent.core.transcript import NOWHERE, Cut, tool_row
from agent.sessions import log, rows
from agent.store.engine import reading
from agent.store.sessions import EventRow, SessionRow

USING = ("StepFinished", "ToolCallFinished")
"""Events that say what was used."""
TOKENS = ("input", "cached", "cache_written", "output", "reasoning")
_USAGE = col(EventRow.body)["usage"]
_COST = _USAGE["cost"].as_float()
USED = sums(
    *(func.sum(_USAGE[name].as_integer()) for name in TOKENS),
    func.sum(_COST),
    func.count(_USAGE["input"].as_integer()) - func.count(_COST),
)
"""The tokens of each kind, what they cost, and how many of the steps have no known price."""
MOST_TODOS = 20
"""Lists that are looked at, the newest first, for one that was accepted."""


class Before(Value):
    """What the events come to that are left out, when only the end of a session is folded."""

    usage: Usage
    todos: tuple[Todo, ...]


async def cut(user: User, session_id: str, events: int) -> Cut:
    """Where the newest events of a session begin: so many, and those of their turn before them.

    Nothing is cut where the session went back from there to what was before.

    Raises:
        NotFound: there is none, or it is another's.
        Unavailable: an event is damaged, or the database does not answer.
    """
    await rows.session(user, session_id)

    def work(store: Store) -> Cut:
        row = store.get(SessionRow, session_id)
        if row is None or row.last_seq <= events:
            return NOWHERE
        seq = _start(store, session_id, row.last_seq - events) - 1
        returned = any(at > seq > back.seq for at, back in log.went_back_in(store, session_id))
        return NOWHERE if seq <= 0 or returned else Cut(seq=seq, queue=_queued(store, row, seq))

    return await reading(work)


async def before(user: User, session_id: str, seq: int) -> Before:
    """What a session has come to at an event, without what it went back before.

    Raises:
        NotFound: there is none, or it is another's.
        Unavailable: an event is damaged, or the database does not answer.
    """
    await rows.session(user, session_id)
    used, todos = await asyncio.gather(_used(session_id, seq), _todos(session_id, seq))
    return Before(usage=used, todos=todos)


async def _used(session_id: str, seq: int) -> Usage:

    def work(store: Store) -> Usage:
        wanted = USED.where(
            col(EventRow.session_id) == session_id,
            col(EventRow.type).in_(USING),
            col(EventRow.seq) <= seq,
        )
        for at, back in log.went_back_in(store, session_id):
            wanted = wanted.where(not_(col(EventRow.seq).between(back.seq + 1, at)))
        found: tuple[Any, ...] = tuple(store.connection().execute(wanted).one())
        tokens, (cost, unpriced) = found[: len(TOKENS)], found[len(TOKENS) :]
        counted = dict(zip(TOKENS, (number or 0 for number in tokens), strict=True))
        return Usage.model_validate({**counted, "cost": None if unpriced else cost or 0.0})

    return await reading(work)


async def _todos(session_id: str, seq: int) -> tuple[Todo, ...]:
    """The list of what is to be done."""
    name = col(EventRow.body)["call"]["name"].as_string()

    def work(store: Store) -> tuple[Todo, ...]:
        past = [range(back.seq + 1, at) for at, back in log.went_back_in(store, session_id)]
        begun = (
            log.BY_NUMBER.where(
                EventRow.session_id == session_id,
                EventRow.type == "ToolCallStarted",
                name == TOOL,
                col(EventRow.seq) <= seq,
            )
            .order_by(None)
            .order_by(col(EventRow.seq).desc())
            .limit(MOST_TODOS)
        )
        for at, body in store.exec(begun).all():
            event = log.event_of(session_id, at, body)
            if any(at in gone for gone in past) or not isinstance(event, ToolCallStarted):
                continue
            if _was_accepted(store, session_id, event):
                row = tool_row(event.call, event.turn_id)
                return latest([row.model_copy(update={"status": "ok"})])
        return ()

    return await reading(work)


def _start(store: Store, session_id: str, seq: int) -> int:
    """The number of the newest turn's beginning up to an event; 0 when there is none."""
    began = select(func.max(EventRow.seq)).where(
        EventRow.session_id == session_id, EventRow.type == "TurnStarted", col(EventRow.seq) <= seq
    )
    return store.exec(began).one() or 0


def _queued(store: Store, row: SessionRow, seq: int) -> tuple[PromptQueued, ...]:
    """The prompts that wait still, of those that came up to an event."""
    told = log.BY_NUMBER.where(
        EventRow.session_id == row.id,
        EventRow.type == "PromptQueued",
        col(EventRow.turn_id).in_(row.queue),
        col(EventRow.seq) <= seq,
    )
    events = [log.event_of(row.id, at, body) for at, body in store.exec(told)]
    newest = {event.turn_id: event for event in events if isinstance(event, PromptQueued)}
    return tuple(newest[turn_id] for turn_id in row.queue if turn_id in newest)


def _was_accepted(store: Store, session_id: str, begun: ToolCallStarted) -> bool:
    ended = log.of_turn(store, session_id, begun.turn_id, "ToolCallFinished")
    results = [event.result for event in ended if isinstance(event, ToolCallFinished)]
    return any(result.call_id == begun.call.id and result.outcome == "ok" for result in results)
