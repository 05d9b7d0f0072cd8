"""May this call run? Rules and modes decide; the strictest matching rule wins."""

from collections.abc import Iterable
from typing import Literal

from pydantic import JsonValue

from agent.core.messages import ToolCall, Value
from agent.core.tools import Kind

Mode = Literal["plan", "ask", "edit", "auto"]
Decision = Literal["allow", "ask", "deny"]
"""A rule's answer."""
Answer = Literal["allow_once", "allow_always", "reject_once", "reject_always"]
"""A person's answer."""

BY_STRICTNESS: tuple[Decision, ...] = ("deny", "ask", "allow")

ALLOWED_BY_MODE: dict[Mode, frozenset[Kind]] = {
    "plan": frozenset({"read", "think"}),
    "ask": frozenset({"read", "think"}),
    "edit": frozenset({"read", "think", "edit"}),
    "auto": frozenset({"read", "think", "edit", "execute", "fetch", "other"}),
}


class Rule(Value):
    """Says what happens to the calls of a tool."""

    tool: str
    decision: Decision
    arguments: dict[str, JsonValue] | None = None
    """Only calls with exactly these arguments; None for any."""

    def matches(self, call: ToolCall) -> bool:
        """Whether this rule speaks about the call.

        >>> rule = Rule(tool="edit", decision="allow")
        >>> rule.matches(ToolCall(id="1", name="edit", arguments={}))
        True
        """
        return self.tool == call.name and self.arguments in (None, call.arguments)


Replies = tuple[tuple[str, ...], ...]
"""What a person replied: for each question the options they chose, or their own words."""


class Judgement(Value):
    """A decision and the code of its reason."""

    decision: Decision
    reason: str


def judge(call: ToolCall, kind: Kind, mode: Mode, rules: Iterable[Rule] = (), asks: str = "") -> Judgement:
    """Decide about a call: deny rules hold in every mode; plan mode changes nothing whatever rules allow.

    Args:
        call: what the model wants.
        kind: of its tool.
        mode: of the session.
        rules: the strictest that matches holds.
        asks: why its tool is for asking a person, whatever mode and rules allow; empty for other tools.

    >>> write = ToolCall(id="1", name="write_file", arguments={})
    >>> judge(write, "edit", "ask").decision, judge(write, "edit", "edit").decision
    ('ask', 'allow')
    >>> judge(write, "edit", "auto", [Rule(tool="write_file", decision="deny")]).decision
    'deny'
    """
    said = {rule.decision for rule in rules if rule.matches(call)}
    strictest: Decision | None = next((decision for decision in BY_STRICTNESS if decision in said), None)
    if strictest == "deny":
        return Judgement(decision="deny", reason="denied_by_rule")
    if asks:
        return Judgement(decision="ask", reason=asks)
    if mode == "plan" and kind not in ALLOWED_BY_MODE["plan"] | {"fetch"}:
        return Judgement(decision="deny", reason="plan_mode")
    if strictest is not None:
        return Judgement(decision=strictest, reason="rule")
    if kind in ALLOWED_BY_MODE[mode]:
        return Judgement(decision="allow", reason="mode")
    return Judgement(decision="ask", reason="no_rule")
