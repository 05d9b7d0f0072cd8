"""Where in a turn an event stands: the same place for the same thing, however often the turn is run."""

from collections.abc import Iterable

from agent.core.events import (
    ApprovalRequested,
    Event,
    ModelSwitched,
    Noticed,
    PromptSteered,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
)

WORDS = {
    "TurnStarted": "started",
    "TurnFinished": "finished",
}


def place(event: Event, step: int = 0) -> str:
    """The event's place within its turn; empty for one that has none and may happen again.

    Args:
        event: what happened.
        step: the number of the step that a StepFinished ends, and in or before which the others happen.

    >>> from agent.core.messages import Message
    >>> place(StepFinished(message=Message(role="assistant", parts=()), stop="end_turn"), 2)
    'step/2'
    """
    match event:
        case StepFinished():
            return f"step/{step}/broken" if event.stop == "error" else f"step/{step}"
        case PromptSteered():
            return f"steer/{step}/{event.prompt_id}"
        case ModelSwitched() | Noticed():
            return _aside(event, step)
        case ToolCallStarted() | ApprovalRequested() | ToolCallFinished():
            return _of_call(event)
        case _:
            return WORDS.get(event.type, "")


def _of_call(event: ToolCallStarted | ApprovalRequested | ToolCallFinished) -> str:
    match event:
        case ToolCallStarted():
            return f"call/{event.call.id}/started"
        case ApprovalRequested():
            # Another definition of the tool makes it another question.
            return f"call/{event.call.id}/asked/{event.call_hash}"
        case ToolCallFinished():
            return f"call/{event.result.call_id}/finished"


def _aside(event: ModelSwitched | Noticed, step: int) -> str:
    """The place of what a step's model made necessary; anything else may be told again."""
    match event:
        case ModelSwitched():
            return f"step/{step}/switched/{event.after}"
        case Noticed(code="retry"):
            tries = f"{event.values.get('provider')}/{event.values.get('tries')}"
            return f"step/{step}/retry/{tries}/{'waiting' if 'seconds' in event.values else 'past'}"
        case Noticed(code="refused"):
            return f"step/{step}/refused"
        case Noticed(code="looping"):
            return "looping"  # told once a turn
        case Noticed(code="model_without_tools"):
            return f"{event.code}/{event.values.get('model')}"
        case _:
            return ""


def places(events: Iterable[Event]) -> dict[str, Event]:
    """The events of one turn by their places.

    >>> from agent.core.events import TurnStarted
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
