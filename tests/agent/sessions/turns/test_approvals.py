from hypothesis import given, settings

from agent.core.commands import Answer
from agent.core.events import ApprovalRequested
from agent.core.messages import ToolCall
from agent.sessions.turns.approvals import asked_about, call_hash, rule_of
from tests.agent.core import strategies

CALL = ToolCall(id="c", name="edit", arguments={"path": "a"})


def test_a_question_says_which_exact_call_it_is_about() -> None:
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


def test_an_answer_for_once_makes_no_rule() -> None:
    assert rule_of(CALL, Answer(approval_id="a", answer="reject_once")) is None
    reject = rule_of(CALL, Answer(approval_id="a", answer="reject_always"))
    assert reject is not None
    assert (reject.tool, reject.decision) == ("edit", "deny")


@settings(max_examples=30)
@given(strategies.calls)
def test_a_hash_speaks_of_name_and_exact_arguments(call: ToolCall) -> None:
    assert call_hash(call) == call_hash(call.model_copy(update={"id": "other", "opaque": {}}))
    more = call.model_copy(update={"arguments": {**call.arguments, "more!": True}})
    assert call_hash(call) != call_hash(more)
    assert call_hash(call) != call_hash(call.model_copy(update={"name": call.name + "x"}))
