from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings

from agent.core.commands import Answer, Choice
from agent.core.errors import Invalid
from agent.core.events import ApprovalRequested, ToolCallFinished, ToolCallStarted
from agent.core.messages import ToolCall, ToolResult, call_hash
from agent.core.offers import Offer
from agent.core.policy import Answer as ApprovalAnswer
from agent.core.rules import Rule
from agent.sessions.turns.approvals import Shown, asked_about, decided_before, rule_of
from agent.sessions.turns.places import places
from tests.agent.core import strategies

CALL = ToolCall(id="c", name="edit", arguments={"path": "a"})


def test_s24_a_question_says_which_exact_call_it_is_about() -> None:
    asked = asked_about("t", CALL, "no_rule")
    assert isinstance(asked, ApprovalRequested)
    assert (asked.turn_id, asked.call, asked.reason) == ("t", CALL, "no_rule")
    assert asked.call_hash == call_hash(CALL)


def test_a_question_asked_again_is_the_same_question() -> None:
    first = asked_about("t", CALL, "no_rule")
    assert asked_about("t", CALL, "another_reason").approval_id == first.approval_id
    others = [
        asked_about("u", CALL, "no_rule"),
        asked_about("t", CALL.model_copy(update={"id": "d"}), "no_rule"),
        asked_about("t", CALL.model_copy(update={"arguments": {"path": "b"}}), "no_rule"),
    ]
    assert len({first.approval_id, *(other.approval_id for other in others)}) == 4


OFFERS = (
    Offer(shape="tool", rule=Rule(tool="edit", decision="allow")),
    Offer(shape="exact", rule=Rule(tool="edit", decision="allow", arguments={"path": "a"})),
)
QUESTION = asked_about("t", CALL, "no_rule", "", Shown(("make",), OFFERS))
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def answered(answer: ApprovalAnswer, choice: Choice | None = None) -> Rule | None:
    given = Answer(approval_id=QUESTION.approval_id, answer=answer, rule=choice)
    return rule_of(QUESTION, given, "s", "/w", NOON)


def test_an_answer_for_once_makes_no_rule() -> None:
    assert answered("reject_once") is None
    assert answered("allow_once", Choice(shape="exact")) is None


def test_always_means_what_is_offered_first_in_this_session() -> None:
    assert answered("allow_always") == Rule(tool="edit", decision="allow", session_id="s")
    assert answered("reject_always") == Rule(tool="edit", decision="deny", session_id="s")


def test_what_always_means_can_be_chosen() -> None:
    rule = answered("allow_always", Choice(shape="exact", scope="workspace", lasts="hour"))
    assert rule is not None
    assert (rule.arguments, rule.workspace, rule.session_id) == ({"path": "a"}, "/w", "")
    assert rule.expires_at == NOON + timedelta(hours=1)
    everywhere = answered("allow_always", Choice(scope="person", lasts="month"))
    assert everywhere is not None
    assert (everywhere.workspace, everywhere.session_id) == ("", "")
    assert everywhere.expires_at == NOON + timedelta(days=30)


def test_a_rule_that_is_not_offered_cannot_be_chosen() -> None:
    with pytest.raises(Invalid):
        answered("allow_always", Choice(shape="folder"))


def test_a_question_that_offers_nothing_makes_no_rule() -> None:
    asked = asked_about("t", CALL, "tainted")
    always = Answer(approval_id=asked.approval_id, answer="allow_always")
    assert rule_of(asked, always, "s", "/w", NOON) is None
    with pytest.raises(Invalid):
        rule_of(asked, always.model_copy(update={"rule": Choice()}), "s", "/w", NOON)


def test_s24_another_definition_of_the_tool_makes_it_another_question() -> None:
    assert (
        asked_about("t", CALL, "no_rule", "one").approval_id
        != asked_about("t", CALL, "no_rule", "two").approval_id
    )


def test_what_was_decided_in_the_turn_holds() -> None:
    began = ToolCallStarted(call=CALL, effect="once")
    done = ToolCallFinished(result=ToolResult(call_id="c", outcome="ok", text=""))
    refused = ToolCallFinished(result=ToolResult(call_id="c", outcome="rejected", text=""))
    assert decided_before({}, CALL) is None
    assert [
        (found.decision, found.reason)
        for events in ([QUESTION], [QUESTION, began], [began], [done], [refused])
        if (found := decided_before(places(events), CALL))
    ] == [
        ("ask", "no_rule"),
        ("ask", "no_rule"),
        ("allow", "begun"),
        ("allow", "decided"),
        ("deny", "decided"),
    ]


@settings(max_examples=30)
@given(strategies.calls)
def test_a_hash_speaks_of_name_and_exact_arguments(call: ToolCall) -> None:
    assert call_hash(call) == call_hash(call.model_copy(update={"id": "other", "opaque": {}}))
    more = call.model_copy(update={"arguments": {**call.arguments, "more!": True}})
    assert call_hash(call) != call_hash(more)
    assert call_hash(call) != call_hash(call.model_copy(update={"name": call.name + "x"}))
