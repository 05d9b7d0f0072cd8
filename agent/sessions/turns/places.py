"""Where in a turn an event stands: the same place for the same thing, however often the turn is run."""

from collections.abc import Iterable

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


def place(event: Event, step: int = 0) -> str:
    """The event's place within its turn; empty for one that has none and may happen again.

    Args:
        event: what happened.
        step: the number of the step that a StepFinished ends or a PromptSteered precedes.

    >>> from agent.core.messages import Message
    >>> place(StepFinished(message=Message(role="assistant", parts=()), stop="end_turn"), 2)
    'step/2'
    """
    match event:
        case TurnStarted():
            return "started"
        case StepFinished(stop="error"):
            return f"step/{step}/broken"
        case StepFinished():
            return f"step/{step}"
        case PromptSteered():
            return f"steer/{step}/{event.prompt_id}"
        case ToolCallStarted():
            return f"call/{event.call.id}/started"
        case ApprovalRequested():
            return f"call/{event.call.id}/asked"
        case ToolCallFinished():
            return f"call/{event.result.call_id}/finished"
        case ApprovalGiven():
            return f"given/{event.approval_id}"
        case Noticed(code="stopping"):
            return "stopping"
        case TurnFinished():
            return "finished"
        case _:
            return ""


def places(events: Iterable[Event]) -> dict[str, Event]:
    """The events of one turn by their places.

    >>> list(places([TurnStarted(prompt=(), model="m", mode="ask")]))
    ['started']
    """
    found: dict[str, Event] = {}
    step = 0
    for event in events:
        found[place(event, step)] = event
        step += isinstance(event, StepFinished) and event.stop != "error"
    found.pop("", None)
    return found
