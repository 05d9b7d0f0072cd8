"""Closing a turn that was cut off, so that the history is valid again."""

from collections.abc import Iterable

from agent.core.events import (
    Event,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.messages import Outcome, ToolCall, ToolResult
from agent.core.tools import Effect

CUT_OFF = "The server stopped while this ran. It may or may not have taken effect: look before you repeat it."
NOT_BEGUN = "Not run: the server stopped before."


def mend(events: Iterable[Event], error: str) -> list[Event]:
    """What must be added to a log whose last turn has no end; nothing when it has one.

    Args:
        events: the whole log.
        error: the code the turn ends with.

    >>> from agent.core.messages import Text
    >>> cut = TurnStarted(prompt=(Text(text="Hi"),), model="m", mode="ask")
    >>> [event.type for event in mend([cut], "restart")]
    ['TurnFinished']
    """
    turn_id: str | None = None
    calls: dict[str, ToolCall] = {}
    begun: dict[str, Effect] = {}
    for event in events:
        match event:
            case TurnStarted():
                turn_id, begun = event.turn_id, {}
                calls = {event.call.id: event.call} if event.call else {}
            case TurnFinished():
                turn_id = None
            case StepFinished():
                calls.update({call.id: call for call in event.message.calls})
            case ToolCallStarted():
                begun[event.call.id] = event.effect
            case ToolCallFinished():
                calls.pop(event.result.call_id, None)
            case _:
                pass
    if turn_id is None:
        return []
    closed: list[Event] = [
        ToolCallFinished(turn_id=turn_id, result=_cut_off(call, begun.get(call.id)))
        for call in calls.values()
    ]
    return [*closed, TurnFinished(turn_id=turn_id, reason="error", error=error)]


def _cut_off(call: ToolCall, effect: Effect | None) -> ToolResult:
    outcome: Outcome = "cancelled" if effect in (None, "pure") else "unknown"
    return ToolResult(call_id=call.id, outcome=outcome, text=NOT_BEGUN if outcome == "cancelled" else CUT_OFF)
