import pytest

from agent.core.events import ApprovalGiven, ApprovalRequested, Event, ToolCallFinished, ToolCallStarted
from agent.core.messages import Outcome, ToolCall, ToolResult
from agent.core.modes import mode_after
from agent.core.policy import Answer, Mode


def ran(name: str, outcome: Outcome = "ok", answer: Answer | None = None) -> list[Event]:
    call = ToolCall(id=name, name=name, arguments={})
    asked: list[Event] = []
    if answer:
        asked = [
            ApprovalRequested(approval_id="a", call=call, call_hash="", reason="plan"),
            ApprovalGiven(approval_id="a", answer=answer, by="Ada"),
        ]
    result = ToolResult(call_id=call.id, outcome=outcome, text="")
    return [*asked, ToolCallStarted(call=call, effect="idempotent"), ToolCallFinished(result=result)]


@pytest.mark.parametrize(
    ("events", "began", "mode"),
    [
        ([], "auto", "auto"),
        (ran("grep"), "ask", "ask"),
        (ran("enter_plan_mode"), "edit", "plan"),
        (ran("exit_plan_mode", answer="allow_once"), "plan", "ask"),
        (ran("exit_plan_mode", answer="allow_always"), "plan", "edit"),
        (ran("exit_plan_mode", "rejected", "reject_once"), "plan", "plan"),
        (ran("exit_plan_mode", "failed"), "plan", "plan"),
        ([*ran("enter_plan_mode"), *ran("exit_plan_mode", answer="allow_once")], "auto", "ask"),
    ],
)
def test_planning_begins_and_ends_with_its_tools(events: list[Event], began: Mode, mode: Mode) -> None:
    assert mode_after(events, began) == mode
