"""What the model is sent: a session's events as messages."""

from collections.abc import Iterable

from agent.core.events import Event, StepFinished, ToolCallFinished, TurnStarted
from agent.core.messages import Message, Part, ToolResult


def messages(events: Iterable[Event]) -> tuple[Message, ...]:
    """The messages of a session so far; neighbouring prompts and results of one side become one message.

    >>> from agent.core.messages import Text
    >>> messages([TurnStarted(prompt=(Text(text="Hi"),), model="demo:scripted", mode="ask")])[0].text
    'Hi'
    """
    said: list[Message] = []
    for event in events:
        match event:
            case TurnStarted():
                _say(said, event.prompt)
            case ToolCallFinished():
                _say(said, (event.result,))
            case StepFinished() if event.message.parts:
                said.append(event.message)
            case _:
                pass
    return tuple(_in_order(message, before) for message, before in zip(said, [None, *said], strict=False))


def _in_order(message: Message, before: Message | None) -> Message:
    """The results in the order of their calls; those of pure calls were recorded as they came."""
    places = {call.id: place for place, call in enumerate(before.calls if before else ())}
    if len(places) < 2:  # noqa: PLR2004  one result is in order
        return message

    def place(part: Part) -> int:
        return places.get(part.call_id, -1) if isinstance(part, ToolResult) else len(places)

    return message.model_copy(update={"parts": tuple(sorted(message.parts, key=place))})


def _say(said: list[Message], parts: tuple[Part, ...]) -> None:
    if said and said[-1].role == "user":
        said[-1] = Message(role="user", parts=(*said[-1].parts, *parts))
    else:
        said.append(Message(role="user", parts=parts))
