"""The end of a long session shows what the whole of it would show there."""

import pytest
from pydantic import JsonValue

from agent import sessions
from agent.core.errors import NotFound
from agent.core.events import (
    CheckpointRestored,
    Event,
    PromptDropped,
    PromptQueued,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.history import still_counting
from agent.core.identity import Session, User
from agent.core.messages import Message, Text, ToolCall, ToolResult, Usage
from agent.core.todos import latest
from agent.core.transcript import NOWHERE, Transcript, fold
from agent.sessions import log
from agent.store.engine import writing
from tests.agent.sessions.talk import sqlite_only

EACH = Usage(input=10, cached=4, output=2, cost=0.5)
WORDS = (Text(text="Do it"),)
EVENTS = 5
"""Of a turn."""


def turn(number: int, usage: Usage = EACH, outcome: str = "ok") -> list[Event]:
    """A turn that writes down what is to be done, then answers."""
    turn_id = f"turn-{number}"
    items: list[JsonValue] = [{"content": f"thing {number}", "status": "pending"}]
    call = ToolCall(id=f"call-{number}", name="todo", arguments={"items": items})
    result = ToolResult.model_validate({"call_id": call.id, "outcome": outcome, "text": "Kept."})
    said = Message(role="assistant", parts=(Text(text=f"Answer {number}"), call))
    return [
        TurnStarted(turn_id=turn_id, prompt=WORDS, model="demo:scripted", mode="ask"),
        StepFinished(turn_id=turn_id, message=said, stop="tool_use", usage=usage),
        ToolCallStarted(turn_id=turn_id, call=call, effect="idempotent"),
        ToolCallFinished(turn_id=turn_id, result=result),
        TurnFinished(turn_id=turn_id, reason="end_turn"),
    ]


async def keep(session: Session, *events: Event) -> None:
    await writing(lambda store: [log.write(store, session.id, event) for event in events])


async def whole(session: Session) -> Transcript:
    return fold(event for _, event in still_counting(await log.read(session.id)))


async def assert_the_end_is_that_of_the_whole(owner: User, session: Session, events: int) -> None:
    cut = await sessions.cut(owner, session.id, events)
    end, all_of_it = Transcript(cut), await whole(session)
    for _, event in still_counting(await log.read(session.id, cut.seq)):
        end.apply(event)
    assert end.told
    assert end.told == all_of_it.told[-len(end.told) :]
    assert end.queue == all_of_it.queue
    before = await sessions.before(owner, session.id, cut.seq)
    assert before.usage + end.usage == all_of_it.usage
    assert tuple(latest(end.told) or before.todos) == latest(all_of_it.told)


async def test_a_session_is_cut_where_a_turn_begins(owner: User, session: Session) -> None:
    await keep(session, *(event for number in range(6) for event in turn(number)))
    assert (await sessions.cut(owner, session.id, EVENTS + 2)).seq == 4 * EVENTS
    assert await sessions.cut(owner, session.id, 6 * EVENTS) == NOWHERE
    await assert_the_end_is_that_of_the_whole(owner, session, EVENTS + 2)


async def test_prompts_that_wait_since_long_are_known(owner: User, session: Session) -> None:
    waiting = [PromptQueued(turn_id=name, prompt_id=name, prompt=WORDS) for name in ("a", "b")]
    changed = waiting[0].model_copy(update={"prompt": (Text(text="Do that"),)})
    later = [event for number in range(3) for event in turn(number)]
    await keep(session, *waiting, changed, *later)
    cut = await sessions.cut(owner, session.id, EVENTS)
    assert cut.queue == (changed, waiting[1])
    await keep(session, PromptDropped(turn_id="a", prompt_id="a"))
    await assert_the_end_is_that_of_the_whole(owner, session, EVENTS)


async def test_what_has_no_price_leaves_the_whole_without(owner: User, session: Session) -> None:
    await keep(session, *turn(0), *turn(1, Usage(input=1)), *turn(2), *turn(3))
    assert (await sessions.before(owner, session.id, EVENTS)).usage == EACH
    assert (await sessions.before(owner, session.id, 2 * EVENTS)).usage.cost is None
    await assert_the_end_is_that_of_the_whole(owner, session, EVENTS)


async def test_a_list_that_was_refused_does_not_count(owner: User, session: Session) -> None:
    await keep(session, *turn(0), *turn(1, outcome="failed"), *turn(2, outcome="failed"))
    assert [todo.content for todo in (await sessions.before(owner, session.id, 2 * EVENTS)).todos] == [
        "thing 0"
    ]


@sqlite_only
async def test_what_a_session_went_back_before_counts_nowhere(owner: User, session: Session) -> None:
    back = CheckpointRestored(id="c", seq=EVENTS)
    await keep(session, *turn(0), *turn(1), back, *(event for number in (2, 3) for event in turn(number)))
    await assert_the_end_is_that_of_the_whole(owner, session, EVENTS)
    before = await sessions.before(owner, session.id, 2 * EVENTS + 1)
    assert (before.usage, [todo.content for todo in before.todos]) == (EACH, ["thing 0"])


@sqlite_only
async def test_a_session_that_went_far_back_is_read_whole(owner: User, session: Session) -> None:
    early = [event for number in range(4) for event in turn(number)]
    await keep(session, *early, CheckpointRestored(id="c", seq=EVENTS), *turn(4))
    assert await sessions.cut(owner, session.id, EVENTS + 2) == NOWHERE


@sqlite_only
async def test_the_end_of_anothers_session_is_not_there(owner: User, session: Session) -> None:
    stranger = owner.model_copy(update={"id": "018f0000-0000-7000-8000-000000000000"})
    for asked in (sessions.cut, sessions.before):
        with pytest.raises(NotFound):
            await asked(stranger, session.id, 1)
    assert owner.id != stranger.id
