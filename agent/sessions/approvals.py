"""Questions to a person about a call, bound to the exact call they were asked about."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable

from agent.core.commands import Answer
from agent.core.errors import Conflict
from agent.core.events import ApprovalGiven, ApprovalRequested, Event
from agent.core.messages import ToolCall
from agent.core.policy import Rule
from agent.sessions.racing import unless
from agent.store.columns import new_id


class Approvals:
    """The open questions of one live session."""

    def __init__(self, record: Callable[[Event], Awaitable[None]], interrupted: asyncio.Event) -> None:
        self._record = record
        self._interrupted = interrupted
        self._open: dict[str, tuple[ApprovalRequested, asyncio.Future[ApprovalGiven]]] = {}

    async def ask(self, turn_id: str, call: ToolCall, reason: str) -> ApprovalGiven | None:
        """Ask about a call and wait for the answer; None when interrupted."""
        asked = ApprovalRequested(
            turn_id=turn_id, approval_id=new_id(), call=call, call_hash=call_hash(call), reason=reason
        )
        answered = asyncio.get_running_loop().create_future()
        self._open[asked.approval_id] = (asked, answered)
        try:
            await self._record(asked)
            return await unless(self._interrupted, _wait(answered))
        finally:
            self._open.pop(asked.approval_id, None)

    async def answer(
        self, answer: Answer, by: str, store: Callable[[Event], Awaitable[int]]
    ) -> tuple[str, int]:
        """Give an answer; it counts once stored, and only the first one counts.

        Returns:
            The turn's id and the number of the stored answer.

        Raises:
            Conflict: the question is not open (any more).
        """
        if answer.approval_id not in self._open:
            raise Conflict("approval_closed")
        asked, answered = self._open.pop(answer.approval_id)
        given = ApprovalGiven(
            turn_id=asked.turn_id,
            approval_id=asked.approval_id,
            answer=answer.answer,
            by=by,
            note=answer.note,
            rule=rule_of(asked.call, answer),
        )
        try:
            seq = await store(given)
        except BaseException:
            if not answered.done():
                self._open[answer.approval_id] = (asked, answered)
            raise
        if not answered.done():
            answered.set_result(given)
        return given.turn_id, seq


async def _wait(answered: asyncio.Future[ApprovalGiven]) -> ApprovalGiven:
    return await answered


def rule_of(call: ToolCall, answer: Answer) -> Rule | None:
    """The rule an answer sets up for the rest of the session; None for an answer that holds once.

    >>> call = ToolCall(id="1", name="edit", arguments={})
    >>> rule_of(call, Answer(approval_id="a", answer="allow_always"))
    Rule(tool='edit', decision='allow', arguments=None)
    """
    if answer.answer.endswith("once"):
        return None
    return Rule(tool=call.name, decision="allow" if answer.answer == "allow_always" else "deny")


def call_hash(call: ToolCall) -> str:
    """The hash of a tool's name and its exact arguments.

    >>> first = ToolCall(id="1", name="edit", arguments={"a": 1, "b": 2})
    >>> call_hash(first) == call_hash(ToolCall(id="2", name="edit", arguments={"b": 2, "a": 1}))
    True
    """
    exact = json.dumps([call.name, call.arguments], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(exact.encode()).hexdigest()
