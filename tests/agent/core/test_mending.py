import pytest

from agent.core.events import (
    Event,
    PromptQueued,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.mending import mend
from agent.core.messages import Message, Text, ToolCall, ToolResult
from agent.core.tools import Effect

STARTED = TurnStarted(turn_id="t", prompt=(Text(text="Go"),), model="m", mode="ask")
CALL = ToolCall(id="c", name="write_file", arguments={})
ASKED = StepFinished(turn_id="t", message=Message(role="assistant", parts=(CALL,)), stop="tool_use")
DONE = ToolCallFinished(turn_id="t", result=ToolResult(call_id="c", outcome="ok", text=""))


@pytest.mark.parametrize(("effect", "outcome"), [("pure", "cancelled"), ("once", "unknown")])
def test_a_call_that_had_begun_is_told_by_its_effect(effect: Effect, outcome: str) -> None:
    begun = ToolCallStarted(turn_id="t", call=CALL, effect=effect)
    result, finished = mend([STARTED, ASKED, begun], "restart")
    assert isinstance(result, ToolCallFinished)
    assert (result.result.call_id, result.result.outcome, result.turn_id) == ("c", outcome, "t")
    assert isinstance(finished, TurnFinished)
    assert (finished.reason, finished.error, finished.turn_id) == ("error", "restart", "t")


def test_a_call_that_had_not_begun_is_cancelled() -> None:
    result = mend([STARTED, ASKED], "restart")[0]
    assert isinstance(result, ToolCallFinished)
    assert result.result.outcome == "cancelled"


def test_a_call_with_its_result_gets_no_second_one() -> None:
    assert [event.type for event in mend([STARTED, ASKED, DONE], "restart")] == ["TurnFinished"]


@pytest.mark.parametrize(
    "events",
    [
        [],
        [PromptQueued(prompt_id="p", prompt=(Text(text="Later"),))],
        [STARTED, ASKED, DONE, TurnFinished(turn_id="t", reason="end_turn")],
    ],
    ids=["empty", "queued", "whole"],
)
def test_a_log_without_an_open_turn_needs_nothing(events: list[Event]) -> None:
    assert mend(events, "restart") == []


def test_a_call_of_an_earlier_turn_is_left_alone() -> None:
    other = STARTED.model_copy(update={"turn_id": "u"})
    assert [event.turn_id for event in mend([STARTED, ASKED, other], "restart")] == ["u"]


def test_a_mended_log_needs_nothing_more() -> None:
    events: list[Event] = [STARTED, ASKED]
    assert mend([*events, *mend(events, "restart")], "restart") == []


def test_a_persons_own_call_that_was_cut_off_gets_its_result() -> None:
    began = ToolCallStarted(turn_id="t", call=CALL, effect="once")
    result, _ = mend([STARTED.model_copy(update={"call": CALL}), began], "restart")
    assert isinstance(result, ToolCallFinished)
    assert (result.result.call_id, result.result.outcome) == ("c", "unknown")
