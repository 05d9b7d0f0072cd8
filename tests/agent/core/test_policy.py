from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.messages import ToolCall
from agent.core.policy import BY_STRICTNESS, Decision, Facts, Mode, Rule, judge, passes
from agent.core.rules import speaks_of
from agent.core.tools import Kind
from tests.agent.core import shell_lines, strategies
from tests.agent.core.shell_lines import known, shell

KINDS: tuple[Kind, ...] = ("read", "edit", "execute", "fetch", "think", "other")
MODES: tuple[Mode, ...] = ("plan", "ask", "edit", "auto")
names = st.sampled_from(["edit", "shell", "grep"])
# Few, so that rules and calls meet.
arguments = st.dictionaries(st.sampled_from(["path", "force"]), st.integers(0, 2) | st.booleans(), max_size=2)
paths = st.lists(st.sampled_from(["a.py", "src/a.py", "../a", "SRC/b"]), max_size=2).map(tuple)
flags = st.booleans()


@st.composite
def judged(draw: st.DrawFn) -> tuple[ToolCall, Facts]:
    """A call, and what is known of it."""
    facts: dict[str, Any] = {
        "asks": draw(st.sampled_from(["", "", "question"])),
        "paths": draw(paths),
        **{name: draw(flags) for name in ("is_confined", "changes_nothing", "sends_out", "is_tainted")},
        "is_enabled": draw(st.sampled_from([True, True, False])),
    }
    if draw(flags):
        line = draw(shell_lines.lines)
        return shell(line), known(line, **facts)
    call = ToolCall(id="c", name=draw(names), arguments=draw(arguments))
    return call, Facts(kind=draw(st.sampled_from(KINDS)), **facts)


def rules_of(decisions: st.SearchStrategy[Decision]) -> st.SearchStrategy[Rule]:
    return st.builds(
        Rule,
        tool=names | st.just("*"),
        decision=decisions,
        arguments=st.none()
        | st.just({})
        | arguments
        | st.builds(lambda line: {"command": line}, shell_lines.lines),
        commands=st.just(()) | st.lists(shell_lines.shapes, min_size=1, max_size=3).map(tuple),
        paths=st.just(()) | st.just(("src/**",)) | st.just(("*.py",)),
    )


rule_lists = st.lists(rules_of(st.sampled_from(BY_STRICTNESS)), max_size=5)


@given(judged(), strategies.modes, rule_lists, rules_of(st.just("deny")), st.integers(0, 5))
def test_s28_adding_a_deny_rule_never_lets_more_through(
    known_call: tuple[ToolCall, Facts], mode: Mode, rules: list[Rule], deny: Rule, place: int
) -> None:
    call, facts = known_call
    before = judge(call, facts, mode, rules).decision
    after = judge(call, facts, mode, [*rules[:place], deny, *rules[place:]]).decision
    assert BY_STRICTNESS.index(after) <= BY_STRICTNESS.index(before)
    if speaks_of(deny, call, facts):
        assert after == "deny"


@given(judged(), strategies.modes, rule_lists, st.randoms())
def test_the_order_of_rules_says_nothing(
    known_call: tuple[ToolCall, Facts], mode: Mode, rules: list[Rule], random: Random
) -> None:
    shuffled = rules.copy()
    random.shuffle(shuffled)
    first, second = judge(*known_call, mode, rules), judge(*known_call, mode, shuffled)
    assert (first.decision, first.reason) == (second.decision, second.reason)


@given(judged(), rule_lists)
def test_plan_mode_changes_nothing_whatever_is_allowed(
    known_call: tuple[ToolCall, Facts], rules: list[Rule]
) -> None:
    call, facts = known_call
    if facts.kind not in {"read", "think", "fetch"} and not facts.changes_nothing:
        assert judge(call, facts, "plan", rules).decision == (
            "ask" if is_asked_first(call, facts, rules) else "deny"
        )


def is_asked_first(call: ToolCall, facts: Facts, rules: list[Rule]) -> bool:
    is_denied = any(rule.decision == "deny" and speaks_of(rule, call, facts) for rule in rules)
    return bool(facts.asks) and facts.is_enabled and not is_denied


@given(judged(), rule_lists)
def test_a_mode_that_may_more_is_never_stricter(
    known_call: tuple[ToolCall, Facts], rules: list[Rule]
) -> None:
    decisions = [BY_STRICTNESS.index(judge(*known_call, mode, rules).decision) for mode in MODES]
    assert decisions == sorted(decisions)


@given(shell_lines.lines, strategies.modes, st.lists(shell_lines.shapes, max_size=3), flags)
def test_a_line_that_is_not_understood_asks_whatever_its_commands_may(
    line: str,
    mode: Mode,
    shapes: list[str],
    is_wide: bool,  # noqa: FBT001
) -> None:
    facts = known(line)
    assert facts.line is not None
    rules = [Rule(tool="shell", decision="allow", commands=(shape,)) for shape in shapes]
    wide = [Rule(tool="*", decision="allow")] if is_wide else []
    if not facts.line.is_understood:
        assert judge(shell(line), facts, mode, [*rules, *wide]).decision == (
            "deny" if mode == "plan" else "ask"
        )


@pytest.mark.parametrize(
    ("facts", "mode", "rules", "decision", "reason"),
    [
        ({}, "ask", [], "ask", "no_rule"),
        ({}, "auto", [], "allow", "mode"),
        ({}, "plan", [], "deny", "plan_mode"),
        ({"changes_nothing": True}, "plan", [], "ask", "no_rule"),
        ({"is_enabled": False}, "auto", [], "deny", "tool_disabled"),
        ({"asks": "question"}, "auto", [], "ask", "question"),
        ({"asks": "question"}, "auto", ["deny"], "deny", "denied_by_rule"),
        ({}, "auto", ["ask"], "ask", "rule"),
        ({}, "ask", ["allow"], "allow", "rule"),
        ({}, "auto", ["allow", "deny", "ask"], "deny", "denied_by_rule"),
        ({"is_confined": False}, "auto", [], "ask", "unconfined"),
        ({"is_confined": False}, "auto", ["allow"], "allow", "rule"),
        ({"sends_out": True}, "auto", [], "allow", "mode"),
        ({"is_tainted": True}, "auto", [], "allow", "mode"),
        ({"sends_out": True, "is_tainted": True}, "auto", ["allow"], "ask", "tainted"),
    ],
)
def test_the_strictest_word_holds(
    facts: dict[str, Any], mode: Mode, rules: list[Decision], decision: Decision, reason: str
) -> None:
    given_rules = [Rule(tool="shell", decision=each, commands=("npm test",)) for each in rules]
    found = judge(shell("npm test"), known("npm test", **facts), mode, given_rules)
    assert (found.decision, found.reason) == (decision, reason)
    assert found.rule is None or found.rule in given_rules
    assert (found.rule is None) == (reason not in {"rule", "denied_by_rule"})


def test_the_harmless_runs_unasked_in_the_sandbox_alone() -> None:
    assert judge(shell("git status | head"), known("git status | head"), "ask").reason == "harmless"
    assert judge(shell("ls"), known("ls", changes_nothing=True), "plan").reason == "harmless"
    assert judge(shell("ls"), known("ls", is_confined=False), "ask").reason == "unconfined"
    assert judge(shell("# nothing"), known("# nothing"), "ask").reason == "no_rule"


def test_this_very_call_may_be_allowed_however_odd() -> None:
    line = "echo 'open"
    exact = Rule(tool="shell", decision="allow", arguments={"command": line})
    assert judge(shell(line), known(line), "auto").reason == "unparseable"
    assert judge(shell(line), known(line), "ask", [Rule(tool="*", decision="allow")]).reason == "unparseable"
    assert passes(exact, shell(line), known(line), "ask")
    assert not passes(exact, shell(line + " "), known(line + " "), "ask")


def test_s28_what_may_be_a_denied_command_is_asked_about_in_every_mode() -> None:
    deny = Rule(tool="shell", decision="deny", commands=("rm",))
    for mode in ("ask", "edit", "auto"):
        found = judge(shell("$tool x"), known("$tool x"), mode, [deny, Rule(tool="shell", decision="allow")])
        assert (found.decision, found.reason, found.rule) == ("ask", "rule", deny)


def test_a_rule_that_matches_everything_leaves_what_is_denied() -> None:
    everything, deny = (
        Rule(tool="*", decision="allow"),
        Rule(tool="shell", decision="deny", commands=("git push",)),
    )
    assert judge(shell("make"), known("make"), "ask", [everything, deny]).decision == "allow"
    assert (
        judge(shell("make && git push"), known("make && git push"), "ask", [everything, deny]).decision
        == "deny"
    )


def test_to_plan_one_may_ask_to_look_something_up() -> None:
    assert (
        judge(ToolCall(id="1", name="web_fetch", arguments={}), Facts(kind="fetch"), "plan").decision == "ask"
    )
