"""Which mode holds in a turn: the one it began with, until the model enters or leaves plan mode."""

from collections.abc import Iterable

from agent.core.events import ApprovalGiven, ApprovalRequested, Event, ToolCallFinished, ToolCallStarted
from agent.core.policy import Mode


def mode_after(events: Iterable[Event], mode: Mode) -> Mode:
    """The mode after these events of one turn, which began in this one.

    A plan that was agreed to once is carried out in mode `ask`; agreed to for always, in mode `edit`.

    >>> from agent.core.messages import ToolCall, ToolResult
    >>> call = ToolCall(id="c", name="enter_plan_mode", arguments={})
    >>> done = ToolCallFinished(result=ToolResult(call_id="c", outcome="ok", text=""))
    >>> mode_after([ToolCallStarted(call=call, effect="idempotent"), done], "ask")
    'plan'
    """
    happened = list(events)
    asked = {event.approval_id: event.call.id for event in happened if isinstance(event, ApprovalRequested)}
    trusted = {
        asked.get(event.approval_id)
        for event in happened
        if isinstance(event, ApprovalGiven) and event.answer == "allow_always"
    }
    names = {event.call.id: event.call.name for event in happened if isinstance(event, ToolCallStarted)}
    for event in happened:
        if isinstance(event, ToolCallFinished) and event.result.outcome == "ok":
            match names.get(event.result.call_id):
                case "enter_plan_mode":
                    mode = "plan"
                case "exit_plan_mode":
                    mode = "edit" if event.result.call_id in trusted else "ask"
                case _:
                    pass
    return mode
