"""What the model is told beside what was said: who it is, where it works, what instructions lie there."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from agent import tooling
from agent.core.errors import ToolFailed
from agent.core.identity import Session, User
from agent.core.messages import Message, ToolCall
from agent.sessions.turns.prompting import system_prompt

MOST_TOUCHED = 200
"""Paths of earlier calls that are looked at, the newest."""


class Context:
    """The context of one turn: read once, and added to when a tool comes to a folder with instructions."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._instructions: str | None = None
        self._known: set[str] = set()
        """Files of instructions that were told, or could not be."""

    @property
    def has_instructions(self) -> bool:
        """Whether the model was told what files of instructions say."""
        return bool(self._instructions)

    async def system(self, session: Session, history: Sequence[Message]) -> str:
        """The system prompt; its instructions stay as they were when the turn began, so that caches hold."""
        if self._instructions is None:
            touched = list(dict.fromkeys(_paths(history)))[-MOST_TOUCHED:]
            try:
                found = await tooling.read_instructions(self._user, session, touched)
            except ToolFailed:  # the workspace is gone: each tool will say so
                found = tooling.Instructions()
            self._instructions = found.text
            self._known = {file.path for file in found.files}
        return "\n\n".join(filter(None, [system_prompt(session), self._instructions]))

    async def come_to(self, session: Session, call: ToolCall) -> None:
        """Take up the instructions of the folders a call has come to; they hold from the next step on.

        They are never part of a result: what tools return is no instruction, whatever it says.
        """
        path = call.arguments.get("path")
        if not isinstance(path, str):
            return
        with suppress(ToolFailed):
            found = await tooling.new_instructions(self._user, session, path, self._known)
            self._known |= {file.path for file in found.files}
            self._instructions = "\n\n".join(filter(None, [self._instructions, found.text]))


def _paths(history: Sequence[Message]) -> Iterator[str]:
    calls = (call for message in history for call in message.calls)
    yield from (path for call in calls if isinstance(path := call.arguments.get("path"), str))
