import asyncio

import pytest
from hypothesis import given, settings

from agent.core.commands import Answer
from agent.core.errors import Conflict, Unavailable
from agent.core.events import ApprovalGiven, ApprovalRequested, Event
from agent.core.messages import ToolCall
from agent.sessions.turns.approvals import Approvals, call_hash, rule_of
from tests.agent.core import strategies

CALL = ToolCall(id="c", name="edit", arguments={"path": "a"})


class Asking:
    """A question that waits, and what was recorded of it."""

    def __init__(self) -> None:
        self.recorded: list[Event] = []
        self.interrupted = asyncio.Event()
        self.asked = asyncio.Event()
        self.approvals = Approvals(self.record, self.interrupted)

    async def record(self, event: Event) -> None:
        self.recorded.append(event)
        self.asked.set()

    async def store(self, event: Event) -> int:
        self.recorded.append(event)
        return len(self.recorded)

    async def ask(self) -> tuple[asyncio.Task[ApprovalGiven | None], str]:
        waiting = asyncio.create_task(self.approvals.ask("t", CALL, "no_rule"))
        await self.asked.wait()
        asked = self.recorded[0]
        assert isinstance(asked, ApprovalRequested)
        assert (asked.call_hash, asked.turn_id) == (call_hash(CALL), "t")
        return waiting, asked.approval_id


async def test_an_answer_reaches_who_asked() -> None:
    asking = Asking()
    waiting, approval_id = await asking.ask()
    answer = Answer(approval_id=approval_id, answer="reject_once", note="No.")
    assert await asking.approvals.answer(answer, "me", asking.store) == ("t", 2)
    given = await waiting
    assert given == asking.recorded[1]
    with pytest.raises(Conflict):
        await asking.approvals.answer(answer, "me", asking.store)


async def test_an_interrupt_closes_the_question() -> None:
    asking = Asking()
    waiting, approval_id = await asking.ask()
    asking.interrupted.set()
    assert await waiting is None
    answer = Answer(approval_id=approval_id, answer="allow_once")
    with pytest.raises(Conflict):
        await asking.approvals.answer(answer, "me", asking.store)


async def test_an_answer_that_is_not_stored_does_not_count() -> None:
    asking = Asking()
    waiting, approval_id = await asking.ask()
    answer = Answer(approval_id=approval_id, answer="allow_once")

    async def fails(_event: Event) -> int:
        raise Unavailable("database")

    with pytest.raises(Unavailable):
        await asking.approvals.answer(answer, "me", fails)
    assert not waiting.done()
    await asking.approvals.answer(answer, "me", asking.store)
    assert await waiting is not None


async def test_a_question_that_is_not_stored_is_not_open() -> None:
    asking = Asking()

    async def fails(_event: Event) -> None:
        raise Unavailable("database")

    approvals = Approvals(fails, asking.interrupted)
    with pytest.raises(Unavailable):
        await approvals.ask("t", CALL, "no_rule")
    assert approvals._open == {}


def test_an_answer_for_once_makes_no_rule() -> None:
    assert rule_of(CALL, Answer(approval_id="a", answer="reject_once")) is None
    reject = rule_of(CALL, Answer(approval_id="a", answer="reject_always"))
    assert reject is not None
    assert reject.decision == "deny"


@settings(max_examples=30)
@given(strategies.calls)
def test_a_hash_speaks_of_name_and_exact_arguments(call: ToolCall) -> None:
    assert call_hash(call) == call_hash(call.model_copy(update={"id": "other", "opaque": {}}))
    more = call.model_copy(update={"arguments": {**call.arguments, "more!": True}})
    assert call_hash(call) != call_hash(more)
    assert call_hash(call) != call_hash(call.model_copy(update={"name": call.name + "x"}))
