"""Each decision about a call is in the audit log, with its reason, its rule and who answered."""

import json
from typing import Any

import pytest

from agent import sessions, tooling
from agent.core.commands import Answer, Choice
from agent.core.events import ApprovalRequested, Noticed, StepFinished, ToolCallStarted
from agent.core.identity import Session, User
from agent.core.messages import Message, Text, ToolCall, call_hash
from agent.core.policy import Judgement
from agent.core.rules import Rule
from agent.sessions.turns import turn as turns
from agent.sessions.turns.auditing import call_of, decided
from agent.store import auditing
from agent.store.audit import AuditEntryRow, entries_of
from agent.store.engine import reading, writing
from agent.tooling import Weighed
from agent.tooling.sandbox import choosing
from tests.agent.sessions.talk import asked, finished, heard_until, say, sqlite_only, turn

CALL = ToolCall(id="c", name="shell", arguments={"command": "make"})


@pytest.fixture
async def session(owner: User) -> Session:
    return await sessions.create(owner, model="demo:scripted")


async def written(owner: User) -> list[tuple[AuditEntryRow, dict[str, Any]]]:
    rows = await reading(lambda store: entries_of(store, owner.id, 0, 100))
    return [(row, json.loads(row.body)) for row in reversed(rows)]


async def test_a_calls_whole_way_is_written_down(owner: User, session: Session) -> None:
    turn_id = await say(owner, session, "write a.txt with Hello")
    question = await asked(owner, session)
    choice = Choice(shape="exact")
    said = Answer(approval_id=question.approval_id, answer="allow_always", rule=choice)
    await sessions.submit(owner, session.id, said)
    await finished(owner, session, turn_id)
    found = await written(owner)
    assert [row.action for row, _ in found] == [
        "approval_asked",
        "rule_added",
        "approval_given",
        "call_allowed",
        "call_allowed",
    ]
    assert {row.session_id for row, _ in found} == {session.id}
    asked_, _, given, began, _ = (body for _, body in found)
    assert asked_["reason"] == "no_rule"
    assert asked_["call_hash"] == given["call_hash"] == began["call_hash"] == question.call_hash
    assert question.call_hash == call_hash(question.call, tooling.definition_hash("write_file"))
    [rule] = await tooling.rules(owner)
    assert (given["rule_id"], given["by"], given["answer"]) == (rule.id, owner.name, "allow_always")
    assert "Hello" not in json.dumps([asked_, given, began]), "what was written is no one's business here"


@sqlite_only
async def test_a_refusal_names_its_rule_and_the_log_is_whole(owner: User, session: Session) -> None:
    rule = await tooling.add_rule(
        owner, tooling.NewRule(tool="write_file", decision="deny", paths=("a.txt",))
    )
    await turn(owner, session, "write a.txt with Hello")
    row, body = (await written(owner))[-1]
    assert row.action == "call_denied"
    assert (body["tool"], body["reason"], body["rule_id"]) == ("write_file", "denied_by_rule", rule.id)
    assert (await tooling.rules(owner))[0].hits == 1
    assert (await reading(auditing.verify)).is_whole


def test_what_decides_nothing_is_not_written_down(owner_free: Session) -> None:
    step = StepFinished(message=Message(role="assistant", parts=(Text(text="Hi"),)), stop="end_turn")
    assert decided(owner_free, step, None) is None
    assert call_of(step) == ""
    assert call_of(ToolCallStarted(call=CALL, effect="once")) == "c"


@sqlite_only
@pytest.mark.parametrize(("is_confined", "action"), [(True, "call_allowed"), (False, "sandbox_bypassed")])
async def test_what_runs_outside_of_the_sandbox_says_so(
    owner: User, session: Session, *, is_confined: bool, action: str
) -> None:
    weighed = Weighed(
        judgement=Judgement(decision="allow", reason="rule", rule=Rule(tool="shell", decision="allow")),
        tool="shell",
        call_hash="h",
        backend="bubblewrap" if is_confined else "bypassed",
        is_confined=is_confined,
    )
    write = decided(session, ToolCallStarted(call=CALL, effect="once"), weighed)
    assert write is not None
    await writing(write)
    row, body = (await written(owner))[-1]
    assert (row.action, body["backend"]) == (action, weighed.backend)


@sqlite_only
@pytest.mark.parametrize("patience", [0.05, 60.0], ids=["parked", "waiting"])
async def test_what_was_asked_about_is_written_down_as_it_is_run(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    """Between question and answer, which may come to another process, the sandbox was left out."""
    monkeypatch.setattr(turns, "PARK_AFTER", patience)
    monkeypatch.setattr(choosing.chooser, "found", choosing.Choice(backend="bubblewrap", report={}))
    turn_id = await say(owner, session, "run touch a")
    question = await asked(owner, session)
    if patience < 1:
        async with await sessions.follow(owner, session.id) as following:
            await heard_until(following, lambda event: isinstance(event, Noticed) and event.code == "parked")
    await tooling.change_permission(owner, "shell", tooling.PermissionChanges(sandbox_bypassed=True))
    await sessions.submit(owner, session.id, Answer(approval_id=question.approval_id, answer="allow_once"))
    await finished(owner, session, turn_id)
    row, body = (await written(owner))[-1]
    assert (row.action, body["backend"], body["decision"]) == ("sandbox_bypassed", "bypassed", "ask")
    assert body["call_hash"] == question.call_hash


@pytest.fixture
def owner_free() -> Session:
    return Session.model_construct(id="s", user_id="u", mode="ask")


def test_a_question_is_written_down_without_having_been_weighed_now(owner_free: Session) -> None:
    question = ApprovalRequested(approval_id="a", call=CALL, call_hash="h", reason="no_rule")
    assert decided(owner_free, question, None) is not None
