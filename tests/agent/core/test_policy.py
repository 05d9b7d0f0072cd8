from random import Random

from hypothesis import given
from hypothesis import strategies as st

from agent.core.commands import Answer
from agent.core.messages import ToolCall
from agent.core.policy import BY_STRICTNESS, Mode, Rule, judge
from agent.core.tools import Kind
from agent.sessions.turns.approvals import rule_of
from tests.agent.core import strategies

KINDS: tuple[Kind, ...] = ("read", "edit", "execute", "fetch", "think", "other")
kinds = st.sampled_from(KINDS)
names = st.sampled_from(["edit", "shell", "grep"])
# Few, so that rules and calls meet.
arguments = st.dictionaries(st.sampled_from(["path", "force"]), st.integers(0, 2) | st.booleans(), max_size=2)
calls = st.builds(ToolCall, id=st.just("c"), name=names, arguments=arguments)
rule_lists = st.lists(
    st.builds(
        Rule,
        tool=names,
        decision=st.sampled_from(BY_STRICTNESS),
        arguments=st.none() | st.just({}) | arguments,
    ),
    max_size=5,
)
denials = st.builds(Rule, tool=names, decision=st.just("deny"), arguments=st.none() | st.just({}) | arguments)


@given(calls, kinds, strategies.modes, rule_lists, denials, st.integers(0, 5))
def test_adding_a_deny_rule_never_lets_more_through(
    call: ToolCall, kind: Kind, mode: Mode, rules: list[Rule], deny: Rule, place: int
) -> None:
    before = judge(call, kind, mode, rules).decision
    after = judge(call, kind, mode, [*rules[:place], deny, *rules[place:]]).decision
    assert BY_STRICTNESS.index(after) <= BY_STRICTNESS.index(before)
    if deny.matches(call):
        assert after == "deny"


@given(calls, kinds, strategies.modes, rule_lists, st.randoms())
def test_the_order_of_rules_says_nothing(
    call: ToolCall, kind: Kind, mode: Mode, rules: list[Rule], random: Random
) -> None:
    shuffled = rules.copy()
    random.shuffle(shuffled)
    assert judge(call, kind, mode, rules) == judge(call, kind, mode, shuffled)


@given(calls, calls, kinds, strategies.modes)
def test_always_allow_never_asks_about_the_call_again_and_lets_nothing_else_pass(
    call: ToolCall, other: ToolCall, kind: Kind, mode: Mode
) -> None:
    rule = rule_of(call, Answer(approval_id="a", answer="allow_always"))
    assert rule is not None
    assert judge(call, kind, mode, [rule]).decision != "ask"
    if not rule.matches(other):
        assert judge(other, kind, mode, [rule]) == judge(other, kind, mode)


@given(calls, kinds, st.lists(st.builds(Rule, tool=names, decision=st.just("allow"))))
def test_plan_mode_changes_nothing_whatever_is_allowed(call: ToolCall, kind: Kind, rules: list[Rule]) -> None:
    if kind not in {"read", "think", "fetch"}:
        assert judge(call, kind, "plan", rules).decision == "deny"


@given(calls)
def test_to_plan_one_may_ask_to_look_something_up(call: ToolCall) -> None:
    assert judge(call, "fetch", "plan").decision == "ask"


@given(calls, rule_lists)
def test_a_mode_that_may_more_is_never_stricter(call: ToolCall, rules: list[Rule]) -> None:
    modes: tuple[Mode, ...] = ("plan", "ask", "edit", "auto")
    for kind in KINDS:
        decisions = [BY_STRICTNESS.index(judge(call, kind, mode, rules).decision) for mode in modes]
        assert decisions == sorted(decisions)


def test_a_rule_with_arguments_speaks_of_exactly_these() -> None:
    rule = Rule(tool="edit", decision="allow", arguments={"path": "a"})
    assert rule.matches(ToolCall(id="1", name="edit", arguments={"path": "a"}))
    assert not rule.matches(ToolCall(id="1", name="edit", arguments={"path": "a", "force": True}))
    assert not rule.matches(ToolCall(id="1", name="shell", arguments={"path": "a"}))
