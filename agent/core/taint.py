"""What a session has taken in: words of strangers and private things together are not let out unasked."""

from collections.abc import Callable
from typing import Literal

from agent.core.events import Event, PromptSteered, ToolCallFinished, ToolCallStarted, TurnStarted
from agent.core.messages import File

Intake = frozenset[Literal["stranger", "private"]]
"""What a tool's result brings: words nobody here vouches for; what is in files or behind a person's key."""


class Taint:
    """What was taken in so far; once in, it stays, whatever is restored or left out of the history.

    >>> from agent.core.messages import ToolCall, ToolResult
    >>> taint = Taint({"web_fetch": frozenset({"stranger"}), "read_file": frozenset({"private"})}.__getitem__)
    >>> for name in ("web_fetch", "read_file"):
    ...     taint.hear(ToolCallStarted(call=ToolCall(id=name, name=name, arguments={}), effect="pure"))
    ...     taint.hear(ToolCallFinished(result=ToolResult(call_id=name, outcome="ok", text="")))
    >>> taint.is_risky
    True
    """

    def __init__(self, brings: Callable[[str], Intake]) -> None:
        """Begin with nothing.

        Args:
            brings: what the results of the tool of a name bring.
        """
        self._brings = brings
        self._names: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()

    @property
    def is_risky(self) -> bool:
        """Whether a stranger's words could make the agent give private things away."""
        return {"stranger", "private"} <= self._taken

    def take(self, intake: Intake) -> None:
        """Take something in beside the events."""
        self._taken |= intake

    def hear(self, event: Event) -> None:
        """Take note of what happened."""
        match event:
            case ToolCallStarted(call=call):
                self._names[event.turn_id, call.id] = call.name
            case ToolCallFinished(result=result) if result.outcome not in {"rejected", "cancelled"}:
                if name := self._names.get((event.turn_id, result.call_id)):
                    self.take(self._brings(name))
            case TurnStarted() | PromptSteered() if any(isinstance(part, File) for part in event.prompt):
                self.take(frozenset({"private"}))
            case _:
                pass
