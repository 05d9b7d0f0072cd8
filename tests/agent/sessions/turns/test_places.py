import pytest

from agent.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    Event,
    Noticed,
    PromptSteered,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.messages import Message, Text, ToolCall, ToolResult
from agent.sessions.turns.places import place, places

CALL = ToolCall(id="c", name="edit", arguments={})
PROMPT = (Text(text="Hi"),)
SAID = Message(role="assistant", parts=(CALL,))
STARTED = TurnStarted(prompt=PROMPT, model="m", mode="ask")
STEP = StepFinished(message=SAID, stop="tool_use")
BROKEN = StepFinished(message=SAID, stop="error")
ASKED = ApprovalRequested(approval_id="a", call=CALL, call_hash="h", reason="")
BEGAN = ToolCallStarted(call=CALL, effect="once")
DONE = ToolCallFinished(result=ToolResult(call_id="c", outcome="ok", text=""))
STEERED = PromptSteered(prompt_id="p", prompt=PROMPT)
ENDED = TurnFinished(reason="end_turn")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (STARTED, "started"),
        (STEP, "step/3"),
        (BROKEN, "step/3/broken"),
        (ASKED, "call/c/asked/h"),
        (BEGAN, "call/c/started"),
        (DONE, "call/c/finished"),
        (STEERED, "steer/3/p"),
        (ENDED, "finished"),
        (ApprovalGiven(approval_id="a", answer="allow_once", by="me"), ""),
        (Noticed(code="restart"), ""),
    ],
)
def test_a_thing_has_its_place(event: Event, expected: str) -> None:
    assert place(event, 3) == expected


def test_a_log_is_read_back_with_the_places_it_was_written_at() -> None:
    happened = [STARTED, STEP, ASKED, Noticed(code="restart"), BEGAN, DONE, STEERED, STEP, BROKEN, ENDED]
    assert list(places(happened)) == [
        "started",
        "step/0",
        "call/c/asked/h",
        "call/c/started",
        "call/c/finished",
        "steer/1/p",
        "step/1",
        "step/2/broken",
        "finished",
    ]


def test_things_without_a_place_are_left_out() -> None:
    assert places([Noticed(code="restart"), Noticed(code="parked")]) == {}
