"""Turns of a live session: queue, interrupt, approvals, and a neighbour that fails."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from agent import sessions, tooling
from agent.core.commands import Answer, DropPrompt, Interrupt
from agent.core.errors import Conflict
from agent.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    Delta,
    Event,
    PromptDropped,
    PromptQueued,
    Snapshot,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.history import messages
from agent.core.identity import Session, User
from agent.core.messages import Text, ToolCall, ToolResult
from agent.core.provider import Request
from agent.sessions import rows
from agent.sessions.accepting import accept
from agent.tooling.declaration import tool
from agent.tooling.registry import registry
from tests.agent.sessions.puppet import Puppet, Said, says_done, step
from tests.agent.sessions.talk import (
    asked,
    events,
    finished,
    heard_until,
    next_of,
    prompt,
    say,
    sqlite_only,
    turn,
)
from tests.agent.test_loop import assert_calls_have_one_result

WRITE = "create notes.txt with hello"


def results(happened: list[Event]) -> list[tuple[str, str]]:
    return [
        (event.result.outcome, event.result.text) for event in happened if isinstance(event, ToolCallFinished)
    ]


def order(happened: list[Event]) -> list[tuple[str, str]]:
    return [
        (event.type, event.turn_id) for event in happened if isinstance(event, TurnStarted | TurnFinished)
    ]


async def answer(user: User, session: Session, answer: str, note: str = "") -> tuple[str, int]:
    question = await asked(user, session)
    given = Answer.model_validate({"approval_id": question.approval_id, "answer": answer, "note": note})
    return await sessions.submit(user, session.id, given)


async def interrupt(user: User, session: Session) -> None:
    await sessions.submit(user, session.id, Interrupt())


async def test_prompts_wait_in_order_while_a_turn_runs(owner: User, session: Session) -> None:
    turns = [await say(owner, session, f"count to {number}") for number in (20, 2, 3)]
    await finished(owner, session, turns[-1])
    happened = await events(session)
    assert [event.turn_id for event in happened if isinstance(event, PromptQueued)] == turns[1:]
    assert order(happened) == [
        (kind, turn_id) for turn_id in turns for kind in ("TurnStarted", "TurnFinished")
    ]
    assert len(set(turns)) == 3


async def test_prompts_at_the_same_instant_run_one_after_the_other(owner: User, session: Session) -> None:
    turns = await asyncio.gather(*(say(owner, session, "count to 1") for _ in range(4)))
    for turn_id in turns:
        await finished(owner, session, turn_id)
    happened = order(await events(session))
    assert [kind for kind, _ in happened] == ["TurnStarted", "TurnFinished"] * 4
    assert {turn_id for _, turn_id in happened} == set(turns)


async def test_a_queued_prompt_is_dropped_and_never_runs(owner: User, session: Session) -> None:
    turns = [await say(owner, session, f"count to {number}") for number in (50, 2, 3)]
    drop = DropPrompt(prompt_id=turns[1])
    dropped = await sessions.submit(owner, session.id, drop, "one")
    assert await sessions.submit(owner, session.id, drop, "one") == dropped
    with pytest.raises(Conflict):
        await sessions.submit(owner, session.id, drop)
    await finished(owner, session, turns[2])
    happened = await events(session)
    assert turns[1] not in {turn_id for _, turn_id in order(happened)}
    assert [event.prompt_id for event in happened if isinstance(event, PromptDropped)] == [turns[1]]
    with pytest.raises(Conflict):
        await sessions.submit(owner, session.id, DropPrompt(prompt_id=turns[2]))


async def test_an_interrupt_keeps_what_was_said_and_frees_the_session(owner: User, session: Session) -> None:
    async with await sessions.follow(owner, session.id) as following:
        turn_id = await say(owner, session, "count to 5000 slowly")
        await heard_until(following, lambda heard: isinstance(heard, Delta) and heard.text.startswith("w3"))
        await interrupt(owner, session)
        began = time.monotonic()
        ended = await next_of(following, TurnFinished)
    assert time.monotonic() - began < 2
    assert (ended.turn_id, ended.reason, ended.error) == (turn_id, "cancelled", "")
    said = [event for event in await events(session) if isinstance(event, StepFinished)]
    assert (said[0].stop, "w1 w2 w3 " in said[0].message.text) == ("cancelled", True)
    assert order(await turn(owner, session, "count to 1"))[-1][0] == "TurnFinished"


@sqlite_only
async def test_a_turn_may_be_stopped_before_its_first_moment(owner: User, session: Session) -> None:
    accepted = await accept(session.id, prompt("count to 5000 slowly"), owner.name)
    assert accepted.begun
    await interrupt(owner, session)
    await sessions._awake().engine.submit(accepted.begun)
    turn_id = accepted.turn_id
    assert (await finished(owner, session, turn_id)).reason == "cancelled"


@sqlite_only
async def test_an_interrupt_stops_one_turn_and_not_the_next(owner: User, session: Session) -> None:
    turns = [await say(owner, session, words) for words in ("count to 5000 slowly", "count to 2")]
    await interrupt(owner, session)
    assert [(await finished(owner, session, turn_id)).reason for turn_id in turns] == [
        "cancelled",
        "end_turn",
    ]


async def test_an_interrupt_ends_a_question(owner: User, session: Session) -> None:
    turn_id = await say(owner, session, WRITE)
    question = await asked(owner, session)
    await interrupt(owner, session)
    assert (await finished(owner, session, turn_id)).reason == "cancelled"
    assert [outcome for outcome, _ in results(await events(session))] == ["cancelled"]
    late = Answer(approval_id=question.approval_id, answer="allow_once")
    with pytest.raises(Conflict):
        await sessions.submit(owner, session.id, late)
    assert not (Path(session.workspace) / "notes.txt").exists()
    assert_calls_have_one_result(messages(await events(session)))


async def test_a_call_runs_once_it_is_allowed(owner: User, session: Session) -> None:
    turn_id = await say(owner, session, WRITE)
    question = await asked(owner, session)
    assert (question.reason, question.call.name) == ("no_rule", "write_file")
    assert not (Path(session.workspace) / "notes.txt").exists()
    await answer(owner, session, "allow_once")
    assert (await finished(owner, session, turn_id)).reason == "end_turn"
    assert (Path(session.workspace) / "notes.txt").read_text() == "hello\n"
    given = [event for event in await events(session) if isinstance(event, ApprovalGiven)]
    assert [(one.by, one.rule, one.turn_id) for one in given] == [(owner.name, None, turn_id)]


async def test_always_allow_never_asks_again_and_lets_nothing_else_pass(
    owner: User, session: Session
) -> None:
    turn_id = await say(owner, session, WRITE)
    await answer(owner, session, "allow_always")
    await finished(owner, session, turn_id)
    again = await turn(owner, session, "create more.txt with words")
    assert not any(isinstance(event, ApprovalRequested) for event in again)
    await say(owner, session, "replace hello with bye in notes.txt")
    async with await sessions.follow(owner, session.id, session.last_seq) as following:
        await heard_until(
            following, lambda heard: isinstance(heard, ApprovalRequested) and heard.call.name == "edit"
        )
    await interrupt(owner, session)


@sqlite_only
async def test_a_tool_that_is_never_allowed_is_hidden_from_then_on(owner: User, session: Session) -> None:
    turn_id = await say(owner, session, WRITE)
    await answer(owner, session, "reject_always")
    await finished(owner, session, turn_id)
    again = await turn(owner, session, WRITE)
    assert not any(isinstance(event, ApprovalRequested) for event in again)
    assert not results(again)
    assert "write_file" not in {tool.name for tool in await tooling.definitions(owner, session)}


@sqlite_only
async def test_a_rejections_note_reaches_the_model(owner: User, session: Session) -> None:
    turn_id = await say(owner, session, WRITE)
    await answer(owner, session, "reject_once", "Not in this folder.")
    await finished(owner, session, turn_id)
    [(outcome, text)] = results(await events(session))
    assert outcome == "rejected"
    assert "Not in this folder." in text


async def test_only_the_first_answer_counts(owner: User, session: Session) -> None:
    turn_id = await say(owner, session, WRITE)
    question = await asked(owner, session)
    allow = Answer(approval_id=question.approval_id, answer="allow_once")
    reject = Answer(approval_id=question.approval_id, answer="reject_once")
    first = await sessions.submit(owner, session.id, allow, "one")
    with pytest.raises(Conflict):
        await sessions.submit(owner, session.id, reject)
    assert await sessions.submit(owner, session.id, allow, "one") == first
    await finished(owner, session, turn_id)
    assert [outcome for outcome, _ in results(await events(session))] == ["ok", "ok"]


@sqlite_only
async def test_a_mode_that_allows_it_asks_nobody(owner: User, session: Session) -> None:
    await sessions.change(owner, session.id, mode="edit")
    happened = await turn(owner, session, WRITE)
    assert not any(isinstance(event, ApprovalRequested) for event in happened)
    assert [event.call.name for event in happened if isinstance(event, ToolCallStarted)] == [
        "write_file",
        "read_file",
    ]


@sqlite_only
async def test_a_follower_who_comes_late_hears_what_was_said(owner: User, session: Session) -> None:
    async with await sessions.follow(owner, session.id) as following:
        await say(owner, session, "count to 5000 slowly")
        await heard_until(following, lambda heard: isinstance(heard, Delta) and heard.text.startswith("w2"))
        async with await sessions.follow(owner, session.id) as late:
            snapshot = await next_of(late, Snapshot)
            following_delta = await next_of(late, Delta)
    *_, last = snapshot.said[-1].text.split()
    assert "w1 w2 " in snapshot.said[-1].text
    assert (following_delta.index, following_delta.text) == (snapshot.index + 1, f"w{int(last[1:]) + 1} ")
    await interrupt(owner, session)


@sqlite_only
async def test_a_provider_that_breaks_ends_its_turn_and_the_session_goes_on(
    owner: User, puppet: Puppet
) -> None:
    async def breaks(_request: Request) -> Said:
        yield Delta(kind="text", text="Half a")
        raise RuntimeError("boom")

    async def stops_short(_request: Request) -> Said:
        yield Delta(kind="text", text="Half a")

    puppet.plays = {"breaks": breaks, "cut": stops_short, "done": says_done}
    session = await sessions.create(owner, model="puppet:breaks")
    broken = (await turn(owner, session, "Hi"))[-1]
    assert isinstance(broken, TurnFinished)
    assert (broken.reason, broken.error) == ("error", "internal")
    assert set(broken.values) == {"reference"}
    for model, reason, error in (
        ("cut", "error", "cut"),
        ("done", "end_turn", ""),
        ("", "error", "model_unknown"),
    ):
        await rows.change(owner, session.id, model=f"puppet:{model}")
        ended = (await turn(owner, session, "Hi"))[-1]
        assert isinstance(ended, TurnFinished)
        assert (ended.reason, ended.error) == (reason, error)


@sqlite_only
async def test_what_a_provider_said_before_it_broke_off_is_kept(owner: User, puppet: Puppet) -> None:
    async def stops_short(_request: Request) -> Said:
        yield Delta(kind="text", text="Half a")

    puppet.plays = {"cut": stops_short, "done": says_done}
    session = await sessions.create(owner, model="puppet:cut")
    _, said, ended = await turn(owner, session, "Hi")
    assert isinstance(said, StepFinished)
    assert (said.message.text, said.stop) == ("Half a", "error")
    assert isinstance(ended, TurnFinished)
    await sessions.change(owner, session.id, model="puppet:done")
    await turn(owner, session, "Go on")
    assert [message.text for message in puppet.requests[-1].messages] == ["Hi", "Half a", "Go on"]


def _deeper() -> None:
    _deeper()


FAULTS: dict[str, Callable[[], Awaitable[None] | None]] = {
    "raises": lambda: (_ for _ in ()).throw(RuntimeError("boom")),
    "hog": lambda: (_ for _ in ()).throw(MemoryError),
    "recurses": _deeper,
    "exits": lambda: sys.exit(3),
    "interrupts": lambda: (_ for _ in ()).throw(KeyboardInterrupt),
    "cancels": lambda: (_ for _ in ()).throw(asyncio.CancelledError),
    "hangs": lambda: asyncio.Event().wait(),  # type: ignore[dict-item,return-value]
}


async def go_wrong(fault: str) -> None:
    gone = FAULTS[fault]()
    if gone:
        await gone


@tool("read", effect="once")
async def goes_wrong(fault: str) -> str:
    """Go wrong.

    Args:
        fault: How.
    """
    if fault == "shouts":
        return "x" * 20_000_000
    await go_wrong(fault)
    return "It went well."


def wrong(fault: str, phase: str) -> Callable[[Request], Said]:
    """A model that goes wrong itself, or calls a tool that does."""

    async def play(request: Request) -> Said:
        yield Delta(kind="text", text="Half a")
        if phase == "tool" and len(request.messages) == 1:
            yield step(ToolCall(id="c", name="goes_wrong", arguments={"fault": fault}), stop="tool_use")
            return
        if phase == "model" and fault == "shouts":
            yield Delta(kind="text", text="x" * 20_000_000)
        elif phase == "model":
            await go_wrong(fault)
        yield step(Text(text="Done"))

    return play


@sqlite_only
@pytest.mark.parametrize("phase", ["model", "tool"])
@pytest.mark.parametrize("fault", [*FAULTS, "shouts"])
async def test_nine_sessions_notice_nothing_of_a_tenth_that_goes_wrong(
    owner: User, puppet: Puppet, monkeypatch: pytest.MonkeyPatch, fault: str, phase: str
) -> None:
    monkeypatch.setitem(registry(), "goes_wrong", goes_wrong)
    puppet.plays = {"wrong": wrong(fault, phase), "done": says_done}
    bad = await sessions.create(owner, model="puppet:wrong")
    good = [await sessions.create(owner, model="puppet:done") for _ in range(9)]
    turn_id = await say(owner, bad, "Hi")
    ended = await asyncio.gather(*(turn(owner, session, "Hi") for session in good))
    assert {happened[-1].model_dump()["reason"] for happened in ended} == {"end_turn"}
    if fault == "hangs":
        await interrupt(owner, bad)
    reason = (await finished(owner, bad, turn_id)).reason
    if fault in {"hangs", "cancels"}:
        assert reason == "cancelled"
    elif phase == "tool":
        [(outcome, text)] = results(await events(bad))
        assert (reason, outcome) == ("end_turn", "ok" if fault == "shouts" else "failed")
        assert len(text) < 50_000
    else:
        assert reason == ("loop" if fault == "shouts" else "error")
    assert_calls_have_one_result(messages(await events(bad)))
    await sessions.change(owner, bad.id, model="puppet:done")
    assert (await turn(owner, bad, "Go on"))[-1].model_dump()["reason"] == "end_turn"


@sqlite_only
async def test_the_model_is_told_of_every_call_of_the_turns_before(owner: User, puppet: Puppet) -> None:
    async def writes_twice(request: Request) -> Said:
        if len(request.messages[-1].parts) > 1:
            yield step(Text(text="Done"))
            return
        calls = [ToolCall(id="0", name="list_directory", arguments={"path": "."}) for _ in range(2)]
        yield step(*calls, stop="tool_use")

    puppet.plays = {"twice": writes_twice}
    session = await sessions.create(owner, model="puppet:twice")
    for _ in range(2):
        await turn(owner, session, "Go")
    assert len(puppet.requests) == 4
    for request in puppet.requests:
        assert_calls_have_one_result(request.messages)
    assert [part.call_id for part in puppet.requests[-1].messages[-1].parts] == ["0-3", "0-4"]


@sqlite_only
async def test_every_tool_failure_is_told_to_the_model(owner: User, puppet: Puppet) -> None:
    calls = [
        ToolCall(id="a", name="read_file", arguments={"path": "nowhere.txt"}),
        ToolCall(id="b", name="no_such_tool", arguments={}),
        ToolCall(id="c", name="read_file", arguments={}, malformed='{"path": '),
    ]

    async def calls_all(request: Request) -> Said:
        yield step(*calls, stop="tool_use") if len(request.messages) == 1 else step(Text(text="Done"))

    puppet.plays = {"calls": calls_all}
    session = await sessions.create(owner, model="puppet:calls")
    await turn(owner, session, "Go")
    told = [part for part in puppet.requests[1].messages[-1].parts if isinstance(part, ToolResult)]
    assert [(part.call_id, part.outcome) for part in told] == [(name, "failed") for name in "abc"]
    assert "no_such_tool" in told[1].text
    assert '{"path": ' in told[2].text
