"""What the agent asks a person: questions with replies, and plans to agree to."""

import asyncio

import pytest

from agent import sessions
from agent.core.commands import Answer
from agent.core.errors import Invalid
from agent.core.events import ApprovalGiven, ApprovalRequested, ToolCallFinished
from agent.core.identity import Session, User
from agent.core.messages import Text, ToolCall
from agent.core.policy import Mode
from agent.core.provider import Request
from tests.agent.sessions.puppet import Puppet, Said, step
from tests.agent.sessions.talk import asked, events, finished, say, sqlite_only
from tests.agent.sessions.turns.scripts import ASK

PLAN = ToolCall(id="exit", name="exit_plan_mode", arguments={"plan": "1. Write it"})


@pytest.fixture
def calls(puppet: Puppet) -> list[ToolCall]:
    """What the model calls, one a step; then it is done."""
    left: list[ToolCall] = []

    async def play(_request: Request) -> Said:
        yield step(left.pop(0), stop="tool_use") if left else step(Text(text="Done"))

    puppet.plays = {"asks": play}
    return left


async def begun(owner: User, mode: Mode) -> tuple[Session, str]:
    session = await sessions.create(owner, model="puppet:asks", mode=mode)
    return session, await say(owner, session, "Go")


async def result(session: Session) -> ToolCallFinished:
    return next(event for event in await events(session) if isinstance(event, ToolCallFinished))


@sqlite_only
@pytest.mark.parametrize("mode", ["plan", "ask", "auto"])
async def test_questions_wait_for_their_replies_in_every_mode(
    mode: Mode, owner: User, calls: list[ToolCall]
) -> None:
    calls.append(ASK)
    session, turn_id = await begun(owner, mode)
    question = await asked(owner, session)
    assert question.reason == "question"
    answer = Answer(approval_id=question.approval_id, answer="allow_once", replies=(("Blue", "or so"),))
    await sessions.submit(owner, session.id, answer)
    assert (await finished(owner, session, turn_id)).reason == "end_turn"
    assert (await result(session)).result.text == "Which colour?\n→ Blue; or so"


@sqlite_only
async def test_each_question_wants_its_reply(owner: User, calls: list[ToolCall]) -> None:
    calls.append(ASK)
    session, turn_id = await begun(owner, "ask")
    question = await asked(owner, session)
    for replies in ((), (("Blue",), ("Green",))):
        answer = Answer(approval_id=question.approval_id, answer="allow_once", replies=replies)
        with pytest.raises(Invalid) as caught:
            await sessions.submit(owner, session.id, answer)
        assert caught.value.code == "replies_missing"
    skipped = Answer(approval_id=question.approval_id, answer="reject_once")
    await sessions.submit(owner, session.id, skipped)
    await finished(owner, session, turn_id)
    assert (await result(session)).result.outcome == "rejected"


@sqlite_only
async def test_nobody_is_asked_what_cannot_be_asked(owner: User, calls: list[ToolCall]) -> None:
    calls.append(ASK.model_copy(update={"arguments": {"questions": []}}))
    session, turn_id = await begun(owner, "ask")
    await finished(owner, session, turn_id)
    assert not [event for event in await events(session) if isinstance(event, ApprovalRequested)]
    assert (await result(session)).result.outcome == "failed"


@sqlite_only
@pytest.mark.parametrize(("answer", "mode"), [("allow_once", "ask"), ("allow_always", "edit")])
async def test_a_plan_that_is_agreed_to_ends_plan_mode_for_turn_and_session(
    answer: str, mode: Mode, owner: User, calls: list[ToolCall]
) -> None:
    calls += [ToolCall(id="enter", name="enter_plan_mode", arguments={}), PLAN]
    session, turn_id = await begun(owner, "auto")
    plan = await asked(owner, session)
    assert plan.reason == "plan"
    assert (await sessions.get(owner, session.id)).mode == "plan"
    given = Answer.model_validate({"approval_id": plan.approval_id, "answer": answer})
    await sessions.submit(owner, session.id, given)
    await finished(owner, session, turn_id)
    assert (await sessions.get(owner, session.id)).mode == mode
    (stored,) = [event for event in await events(session) if isinstance(event, ApprovalGiven)]
    assert stored.rule is None, "the next plan is asked about as well"


@sqlite_only
async def test_a_plan_that_is_sent_back_leaves_the_mode_and_says_why(
    owner: User, calls: list[ToolCall], puppet: Puppet
) -> None:
    calls.append(PLAN)
    session, turn_id = await begun(owner, "plan")
    plan = await asked(owner, session)
    answer = Answer(approval_id=plan.approval_id, answer="reject_once", note="Write less")
    await sessions.submit(owner, session.id, answer)
    await finished(owner, session, turn_id)
    await asyncio.sleep(0)
    assert (await sessions.get(owner, session.id)).mode == "plan"
    assert "Write less" in (await result(session)).result.text
    offered = {tool.name for tool in puppet.requests[-1].tools}
    assert "exit_plan_mode" in offered
