"""What “always” means is shown before it is said, and is what then holds."""

import pytest

from agent import sessions, tooling
from agent.core.commands import Answer, Choice
from agent.core.errors import Conflict, Invalid, NotFound
from agent.core.events import ApprovalGiven, ApprovalRequested, ToolCallFinished, TurnFinished
from agent.core.identity import Session, User
from agent.sessions.previewing import BackTest
from tests.agent.sessions.talk import events, finished, say, sqlite_only, turn

WRITE = "write notes/a.txt with Hello"


@pytest.fixture
async def session(owner: User) -> Session:
    return await sessions.create(owner, model="demo:scripted")


async def question(owner: User, session: Session, turn_id: str) -> ApprovalRequested | None:
    """What a turn asks; None when it ends without asking."""
    async with await sessions.follow(owner, session.id) as following:
        async for _, event in following:
            if isinstance(event, ApprovalRequested | TurnFinished) and event.turn_id == turn_id:
                return event if isinstance(event, ApprovalRequested) else None
    raise AssertionError


async def begun(owner: User, session: Session, prompt: str) -> tuple[str, ApprovalRequested]:
    """A turn that asks, and its question."""
    turn_id = await say(owner, session, prompt)
    asked = await question(owner, session, turn_id)
    assert asked is not None
    return turn_id, asked


def always(asked: ApprovalRequested, choice: Choice | None = None) -> Answer:
    return Answer(approval_id=asked.approval_id, answer="allow_always", rule=choice)


async def decide(owner: User, session: Session, prompt: str, how: str, choice: Choice | None = None) -> None:
    turn_id, asked = await begun(owner, session, prompt)
    fields = {"approval_id": asked.approval_id, "answer": how, "rule": choice}
    await sessions.submit(owner, session.id, Answer.model_validate(fields))
    await finished(owner, session, turn_id)


async def asks(owner: User, session: Session, prompt: str) -> bool:
    """Whether a prompt leads to a question; it is answered with no."""
    turn_id = await say(owner, session, prompt)
    asked = await question(owner, session, turn_id)
    if asked is not None:
        no = Answer(approval_id=asked.approval_id, answer="reject_once")
        await sessions.submit(owner, session.id, no)
        await finished(owner, session, turn_id)
    return asked is not None


@sqlite_only
async def test_a_rule_is_shown_with_what_it_lets_pass_now(owner: User, session: Session) -> None:
    _, asked = await begun(owner, session, WRITE)
    shown = await sessions.preview(owner, session.id, always(asked))
    assert (shown.rule.tool, shown.rule.arguments, shown.rule.session_id) == ("write_file", None, session.id)
    assert shown.would_pass
    assert shown.back_test.questions == 0
    choice = Choice(shape="exact", scope="person", lasts="hour")
    exact = await sessions.preview(owner, session.id, always(asked, choice))
    assert exact.rule.arguments == {"path": "notes/a.txt", "content": "Hello\n"}
    assert exact.rule.expires_at is not None
    assert exact.rule.session_id == ""
    await sessions.submit(owner, session.id, Answer(approval_id=asked.approval_id, answer="reject_once"))
    with pytest.raises(Conflict):
        await sessions.preview(owner, session.id, always(asked))


@sqlite_only
async def test_a_back_test_tells_what_would_have_passed_before(owner: User, session: Session) -> None:
    await decide(owner, session, "write notes/a.txt with One", "allow_once")
    await decide(owner, session, "write notes/b.txt with Two", "reject_once")
    await decide(owner, session, "write c.txt with Three", "reject_once")
    _, asked = await begun(owner, session, "write notes/d.txt with Four")

    async def back_test(choice: Choice) -> BackTest:
        return (await sessions.preview(owner, session.id, always(asked, choice))).back_test

    in_folder = await back_test(Choice(shape="folder"))
    assert (in_folder.questions, in_folder.passed, in_folder.denied) == (3, 2, 1)
    everything = await back_test(Choice())
    assert (everything.questions, everything.passed, everything.denied) == (3, 3, 2)
    nothing = await back_test(Choice(shape="exact"))
    assert (nothing.questions, nothing.passed, nothing.denied) == (3, 0, 0)


@sqlite_only
async def test_always_is_asked_once_and_lets_nothing_else_pass(owner: User, session: Session) -> None:
    await decide(owner, session, WRITE, "allow_always", Choice(shape="exact"))
    assert not await asks(owner, session, WRITE)
    assert await asks(owner, session, "write notes/b.txt with Hello")
    other = await sessions.create(owner, model="demo:scripted")
    assert await asks(owner, other, WRITE)


@sqlite_only
async def test_a_rule_for_the_person_holds_in_every_session_until_it_is_removed(
    owner: User, session: Session
) -> None:
    await decide(owner, session, WRITE, "allow_always", Choice(shape="folder", scope="person"))
    other = await sessions.create(owner, model="demo:scripted")
    assert not await asks(owner, other, "write notes/other.txt with Hello")
    [rule] = await tooling.rules(owner)
    assert (rule.source, rule.paths, rule.hits) == ("answer", ("notes/**",), 1)
    await tooling.remove_rule(owner, rule.id)
    assert await asks(owner, other, "write notes/third.txt with Hello")


@sqlite_only
async def test_a_rule_for_a_workspace_holds_in_all_sessions_that_work_there(
    owner: User, session: Session
) -> None:
    await decide(owner, session, WRITE, "allow_always", Choice(scope="workspace"))
    [given] = [event for event in await events(session) if isinstance(event, ApprovalGiven)]
    assert given.rule is not None
    assert (given.rule.workspace, given.rule.session_id) == (session.workspace, "")
    elsewhere = await sessions.create(owner, model="demo:scripted")
    assert await asks(owner, elsewhere, WRITE)


@sqlite_only
async def test_never_for_one_call_leaves_the_others(owner: User, session: Session) -> None:
    await decide(owner, session, WRITE, "reject_always", Choice(shape="exact"))
    happened = await turn(owner, session, WRITE)
    outcomes = [event.result.outcome for event in happened if isinstance(event, ToolCallFinished)]
    assert outcomes == ["rejected"]
    assert not any(isinstance(event, ApprovalRequested) for event in happened)
    assert await asks(owner, session, "write other.txt with Hello")


@sqlite_only
async def test_what_is_not_offered_or_anothers_is_not_weighed(
    owner: User, other: User, session: Session
) -> None:
    _, asked = await begun(owner, session, WRITE)
    with pytest.raises(Invalid):
        await sessions.preview(owner, session.id, always(asked, Choice(shape="command")))
    with pytest.raises(NotFound):
        await sessions.preview(other, session.id, always(asked))
    with pytest.raises(Conflict):
        await sessions.preview(owner, session.id, Answer(approval_id="none", answer="allow_always"))
