"""May this call run? What is known of it, the mode and the rules decide; the strictest wins."""

from collections.abc import Iterable
from typing import Literal

from agent.core.messages import ToolCall, Value
from agent.core.rules import Decision, Facts, Rule, covering, may_speak_of, needs_a_rule, speaks_of
from agent.core.tools import Kind

__all__ = [
    "ALLOWED_BY_MODE",
    "BY_STRICTNESS",
    "Answer",
    "Decision",
    "Facts",
    "Judgement",
    "Mode",
    "Replies",
    "Rule",
    "judge",
    "passes",
]

Mode = Literal["plan", "ask", "edit", "auto"]
Answer = Literal["allow_once", "allow_always", "reject_once", "reject_always"]
"""A person's answer."""

BY_STRICTNESS: tuple[Decision, ...] = ("deny", "ask", "allow")

ALLOWED_BY_MODE: dict[Mode, frozenset[Kind]] = {
    "plan": frozenset({"read", "think"}),
    "ask": frozenset({"read", "think"}),
    "edit": frozenset({"read", "think", "edit"}),
    "auto": frozenset({"read", "think", "edit", "execute", "fetch", "other"}),
}

Replies = tuple[tuple[str, ...], ...]
"""What a person replied: for each question the options they chose, or their own words."""


class Judgement(Value):
    """A decision, the code of its reason, and the rule that speaks when one does."""

    decision: Decision
    reason: str
    rule: Rule | None = None


def judge(call: ToolCall, facts: Facts, mode: Mode, rules: Iterable[Rule] = ()) -> Judgement:
    """Decide about a call: deny rules hold in every mode; plan mode changes nothing whatever rules allow.

    Args:
        call: what the model wants.
        facts: what is known of it.
        mode: of the session.
        rules: those that hold here and now.

    >>> write, edit = ToolCall(id="1", name="write_file", arguments={}), Facts(kind="edit")
    >>> judge(write, edit, "ask").decision, judge(write, edit, "edit").decision
    ('ask', 'allow')
    >>> judge(write, edit, "auto", [Rule(tool="write_file", decision="deny")]).reason
    'denied_by_rule'
    """
    known = tuple(rules)
    return (
        _refused(call, facts, mode, known)
        or _asked(call, facts, known)
        or _allowed(call, facts, mode, known)
        or Judgement(decision="ask", reason="no_rule")
    )


def passes(rule: Rule, call: ToolCall, facts: Facts, mode: Mode, rules: Iterable[Rule] = ()) -> bool:
    """Whether a call would pass once a rule is added to those that hold.

    >>> call = ToolCall(id="1", name="write_file", arguments={})
    >>> passes(Rule(tool="write_file", decision="allow"), call, Facts(kind="edit"), "ask")
    True
    """
    return judge(call, facts, mode, [*rules, rule]).decision == "allow"


def _refused(call: ToolCall, facts: Facts, mode: Mode, rules: tuple[Rule, ...]) -> Judgement | None:
    if not facts.is_enabled:
        return Judgement(decision="deny", reason="tool_disabled")
    if rule := _speaking("deny", call, facts, rules):
        return Judgement(decision="deny", reason="denied_by_rule", rule=rule)
    changes = facts.kind not in ALLOWED_BY_MODE["plan"] | {"fetch"} and not facts.changes_nothing
    if mode == "plan" and changes and not facts.asks:
        return Judgement(decision="deny", reason="plan_mode")
    return None


def _asked(call: ToolCall, facts: Facts, rules: tuple[Rule, ...]) -> Judgement | None:
    """Why a person is asked; a rule for this very call comes before what is odd about its line."""
    if facts.asks:
        return Judgement(decision="ask", reason=facts.asks)
    if facts.sends_out and facts.is_tainted:
        return Judgement(decision="ask", reason="tainted")
    if rule := _speaking("ask", call, facts, rules):
        return Judgement(decision="ask", reason="rule", rule=rule)
    exact = [rule for rule in rules if rule.arguments is not None]
    if allowing := covering(exact, call, facts):
        return Judgement(decision="allow", reason="rule", rule=allowing[0])
    if facts.line and not facts.line.is_understood:
        return Judgement(decision="ask", reason="unparseable")
    rule = next((rule for rule in rules if may_speak_of(rule, call, facts)), None)
    return Judgement(decision="ask", reason="rule", rule=rule) if rule else None


def _allowed(call: ToolCall, facts: Facts, mode: Mode, rules: tuple[Rule, ...]) -> Judgement | None:
    if allowing := covering(rules, call, facts):
        return Judgement(decision="allow", reason="rule", rule=allowing[0])
    if facts.kind == "execute" and not facts.is_confined:
        return Judgement(decision="ask", reason="unconfined")
    if facts.kind in ALLOWED_BY_MODE[mode]:
        return Judgement(decision="allow", reason="mode")
    commands = facts.line.commands if facts.line else ()
    if commands and not any(needs_a_rule(command, facts) for command in commands):
        return Judgement(decision="allow", reason="harmless")
    return None


def _speaking(decision: Decision, call: ToolCall, facts: Facts, rules: tuple[Rule, ...]) -> Rule | None:
    return next((rule for rule in rules if rule.decision == decision and speaks_of(rule, call, facts)), None)
