"""What the model is sent: a session's events as messages."""

from collections.abc import Iterable

from agent.core.events import Event, StepFinished, ToolCallFinished, TurnStarted
from agent.core.messages import Message, Part


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
    return tuple(said)


def _say(said: list[Message], parts: tuple[Part, ...]) -> None:
    if said and said[-1].role == "user":
        said[-1] = Message(role="user", parts=(*said[-1].parts, *parts))
    else:
        said.append(Message(role="user", parts=parts))
