"""What a log knows beyond its transcript: the calls that changed files, how a turn went, single events."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session as Store
from sqlmodel import col, select

from agent.core.errors import NotFound
from agent.core.events import Event, ToolCallFinished, ToolCallStarted
from agent.core.identity import User
from agent.core.trace import Span, trace
from agent.core.transcript import Row, tool_row
from agent.sessions import log, rows
from agent.store.engine import reading
from agent.store.sessions import CHANGING, EventRow

MOST_EDITS = 500
"""Calls that changed files, the newest."""
MOST_TURNS = 1000
"""Turns that can be gone through, the newest."""
AT_ONCE = 250
"""Ids that a database takes in one question."""


@dataclass(frozen=True)
class Edits:
    """The calls of a session that have changed files."""

    calls: tuple[Row, ...]
    """In the order in which they were done."""
    last_turn: str
    """The turn that began last; empty when none has."""
    is_whole: bool
    """Whether these are all there are."""


@dataclass(frozen=True)
class Trace:
    """How a turn went."""

    turn_id: str
    """Empty when the session has had none."""
    turns: tuple[str, ...]
    """All of them, in order."""
    spans: tuple[Span, ...]


async def edits(user: User, session_id: str) -> Edits:
    """The calls that have changed files, those too that the session went back before: files do not go back.

    Raises:
        NotFound: there is no such session, or it is another's.
    """
    await rows.session(user, session_id)
    return await reading(lambda store: _edits(store, session_id))


async def traced(user: User, session_id: str, turn_id: str = "") -> Trace:
    """How a turn went; the last one when none is named.

    Raises:
        NotFound: there is no such session or turn, or it is another's.
    """
    await rows.session(user, session_id)
    return await reading(lambda store: _trace(store, session_id, turn_id))


async def happened(user: User, session_id: str, seq: int) -> Event:
    """An event of the log.

    Raises:
        NotFound: there is none of this number, or the session is another's.
    """
    await rows.session(user, session_id)
    found = await log.read(session_id, after=seq - 1, most=1)
    if not found or found[0][0] != seq:
        raise NotFound("event")
    return found[0][1]


async def result(user: User, session_id: str, call_id: str) -> str:
    """What a call gave back, as it was told to the model.

    Raises:
        NotFound: there is no such call, it has not ended, or the session is another's.
    """
    await rows.session(user, session_id)
    found = await reading(lambda store: _results(store, session_id, [call_id]))
    if not found:
        raise NotFound("call")
    return found[call_id].result.text


def _edits(store: Store, session_id: str) -> Edits:
    name = col(EventRow.body)["call"]["name"].as_string()
    wanted = (
        log.BY_NUMBER.order_by(None)
        .where(EventRow.session_id == session_id, EventRow.type == "ToolCallStarted", name.in_(CHANGING))
        .order_by(col(EventRow.seq).desc())
        .limit(MOST_EDITS + 1)
    )
    begun = [log.event_of(session_id, *found) for found in store.exec(wanted)]
    calls = [one for one in reversed(begun[:MOST_EDITS]) if isinstance(one, ToolCallStarted)]
    ended = _results(store, session_id, [one.call.id for one in calls])
    done = [_row(one, ended[one.call.id]) for one in calls if one.call.id in ended]
    last_turn = next(iter(_turns(store, session_id, 1)), "")
    return Edits(tuple(done), last_turn, len(begun) <= MOST_EDITS)


def _row(begun: ToolCallStarted, ended: ToolCallFinished) -> Row:
    told = {"status": ended.result.outcome, "text": ended.result.text}
    return tool_row(begun.call, begun.turn_id).model_copy(update=told)


def _results(store: Store, session_id: str, call_ids: Sequence[str]) -> dict[str, ToolCallFinished]:
    """What calls came to, by their ids; of one that came to several ends, the last."""
    call_id = col(EventRow.body)["result"]["call_id"].as_string()
    own = log.BY_NUMBER.where(EventRow.session_id == session_id, EventRow.type == "ToolCallFinished")
    found: dict[str, ToolCallFinished] = {}
    for at in range(0, len(call_ids), AT_ONCE):
        for seq, body in store.exec(own.where(call_id.in_(call_ids[at : at + AT_ONCE]))):
            ended = log.event_of(session_id, seq, body)
            if isinstance(ended, ToolCallFinished):
                found[ended.result.call_id] = ended
    return found


def _turns(store: Store, session_id: str, most: int) -> list[str]:
    """The newest turns, the last one first."""
    began = (
        select(EventRow.turn_id)
        .where(EventRow.session_id == session_id, EventRow.type == "TurnStarted")
        .order_by(col(EventRow.seq).desc())
        .limit(most)
    )
    return [*store.exec(began)]


def _trace(store: Store, session_id: str, turn_id: str) -> Trace:
    turns = _turns(store, session_id, MOST_TURNS)[::-1]
    wanted = turn_id or (turns[-1] if turns else "")
    if wanted not in [*turns, ""]:
        raise NotFound("turn")
    own = log.BY_NUMBER.where(EventRow.session_id == session_id, EventRow.turn_id == wanted)
    events = [(seq, log.event_of(session_id, seq, body)) for seq, body in store.exec(own)] if wanted else []
    return Trace(wanted, tuple(turns), trace(events))
