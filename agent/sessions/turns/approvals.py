"""Questions to a person about a call, bound to the exact call they were asked about."""

import hashlib
import json
from uuid import NAMESPACE_OID, uuid5

from agent.core.commands import Answer
from agent.core.events import ApprovalRequested
from agent.core.messages import ToolCall
from agent.core.policy import Rule

ASKING = frozenset({"question", "plan"})
"""Reasons of calls that are there to ask a person."""


def asked_about(turn_id: str, call: ToolCall, reason: str) -> ApprovalRequested:
    """The question about a call; asked again for the same call of the same turn, it is the same question."""
    approval_id = str(uuid5(NAMESPACE_OID, f"{turn_id}/{call.id}/{call_hash(call)}"))
    return ApprovalRequested(
        turn_id=turn_id, approval_id=approval_id, call=call, call_hash=call_hash(call), reason=reason
    )


def rule_of(call: ToolCall, answer: Answer, reason: str = "no_rule") -> Rule | None:
    """The rule an answer sets up for the rest of the session; None for an answer that holds once.

    What is for asking a person is asked each time.

    >>> call = ToolCall(id="1", name="edit", arguments={})
    >>> rule_of(call, Answer(approval_id="a", answer="allow_always"))
    Rule(tool='edit', decision='allow', arguments=None)
    """
    if answer.answer.endswith("once") or reason in ASKING:
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
