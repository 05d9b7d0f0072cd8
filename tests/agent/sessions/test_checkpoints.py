"""Checkpoints and forks: what is told to the model afterwards is what was said before."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from agent import sessions
from agent.core.commands import Answer, Interrupt
from agent.core.errors import Conflict, Invalid, NotFound
from agent.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    CheckpointRestored,
    CheckpointSaved,
    Delta,
    Event,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.history import messages, still_counting
from agent.core.identity import Session, User
from agent.core.messages import Text, ToolCall, ToolResult
from agent.core.provider import Request
from agent.sessions import checkpoints, log
from agent.sessions.checkpoints import Checkpoint
from agent.store.columns import new_id
from agent.store.engine import reading
from agent.store.sessions import SessionRow
from tests.agent.sessions.puppet import Gate, Puppet, Said, step
from tests.agent.sessions.talk import PATIENCE, asked, events, finished, say, sqlite_only, turn
from tests.agent.test_loop import assert_calls_have_one_result

LOOK = ToolCall(id="look", name="list_directory", arguments={"path": "."})
WRITE = ToolCall(id="write", name="edit", arguments={"path": "a.txt", "old_string": "", "new_string": "a"})
"""Its effect is `once`."""


async def echoes(request: Request) -> Said:
    """Says how many messages it was told."""
    text = f"told {len(request.messages)}"
    yield Delta(kind="text", text=text)
    yield step(Text(text=text))


async def acts(request: Request) -> Said:
    """Looks, writes, and is done."""
    results = [part for part in request.messages[-1].parts if isinstance(part, ToolResult)]
    done = results[-1].call_id.partition("-")[0] if results else ""  # in a later turn ids are numbered
    made = {"": LOOK, "look": WRITE}.get(done)
    yield Delta(kind="text", text="So")
    parts = (Text(text="So"), made) if made else (Text(text="So"),)
    yield step(*parts, stop="tool_use" if made else "end_turn")


@pytest.fixture
async def talk(owner: User, puppet: Puppet) -> Session:
    puppet.plays |= {"echoes": echoes, "acts": acts}
    return await sessions.create(owner, model="puppet:echoes")


@pytest.fixture
async def acted(owner: User, talk: Session) -> Session:
    """A session with a finished turn of three steps and two calls, one of them asked about."""
    await sessions.change(owner, talk.id, model="puppet:acts")
    turn_id = await say(owner, talk, "Act")
    question = await asked(owner, talk)
    await sessions.submit(
        owner, talk.id, Answer(approval_id=question.approval_id, answer="allow_once"), "yes"
    )
    assert (await finished(owner, talk, turn_id)).reason == "end_turn"
    return await sessions.get(owner, talk.id)


async def counting(session: Session) -> list[Event]:
    return [event for _, event in still_counting(await log.read(session.id))]


async def kept(session: Session) -> dict[str, Any]:
    return await reading(lambda store: store.get_one(SessionRow, session.id).agent_state)


async def test_a_checkpoint_stands_in_the_sessions_state_and_in_its_log(owner: User, talk: Session) -> None:
    await turn(owner, talk, "one")
    made = await sessions.checkpoint(owner, talk.id, " Before\nthe storm ")
    assert (made.name, made.seq, made.model, made.mode) == ("Before the storm", 3, talk.model, talk.mode)
    assert [Checkpoint.model_validate(each) for each in (await kept(talk))["checkpoints"]] == [made]
    assert await sessions.saved(owner, talk.id) == [made]
    saved = (await events(talk))[-1]
    assert isinstance(saved, CheckpointSaved)
    assert saved.id == made.id


async def test_after_a_restore_the_model_is_told_what_it_was_told_at_the_checkpoint(
    owner: User, talk: Session, puppet: Puppet
) -> None:
    await turn(owner, talk, "one")
    made = await sessions.checkpoint(owner, talk.id)
    await turn(owner, talk, "same")
    for _ in range(2):
        await turn(owner, talk, "away")
        assert await sessions.restore(owner, talk.id, made.id) == made
        await turn(owner, talk, "same")
        assert puppet.requests[-1].messages == puppet.requests[1].messages
    opened = await sessions.open(owner, talk.id)
    assert [row.text for row in opened.rows if row.kind == "user"] == ["one", "same"]


async def test_a_checkpoint_of_what_is_past_can_be_gone_back_to(owner: User, talk: Session) -> None:
    first = await sessions.checkpoint(owner, talk.id, "nothing said")
    await turn(owner, talk, "one")
    second = await sessions.checkpoint(owner, talk.id, "one said")
    before = messages(await counting(talk))
    await sessions.restore(owner, talk.id, first.id)
    assert messages(await counting(talk)) == ()
    await turn(owner, talk, "other")
    await sessions.restore(owner, talk.id, second.id)
    assert messages(await counting(talk)) == before


async def test_a_restore_brings_model_and_mode_back(owner: User, talk: Session) -> None:
    made = await sessions.checkpoint(owner, talk.id)
    await sessions.change(owner, talk.id, model="puppet:acts", mode="plan")
    await sessions.restore(owner, talk.id, made.id)
    session = await sessions.get(owner, talk.id)
    assert (session.model, session.mode) == (talk.model, talk.mode)


async def test_while_a_turn_runs_or_a_prompt_waits_there_is_no_way_back(
    owner: User, talk: Session, puppet: Puppet
) -> None:
    made = await sessions.checkpoint(owner, talk.id)
    gate = Gate()
    puppet.plays["echoes"] = gate.play
    for text in ("one", "two"):
        await say(owner, talk, text)
    with pytest.raises(Conflict, match="turn_runs"):
        await sessions.restore(owner, talk.id, made.id)
    assert CheckpointRestored not in {type(event) for event in await events(talk)}
    gate.opened.set()
    started = [event async for event in _started(owner, talk, 2)]
    await finished(owner, talk, started[-1].turn_id)
    assert await sessions.restore(owner, talk.id, made.id) == made


async def _started(owner: User, session: Session, count: int) -> Any:
    async with await sessions.follow(owner, session.id) as following, asyncio.timeout(PATIENCE):
        async for _, event in following:
            if isinstance(event, TurnStarted):
                yield event
                count -= 1
            if not count:
                return


@pytest.mark.parametrize("is_late", [False, True], ids=["while it speaks", "while it asks"])
async def test_a_checkpoint_made_while_a_turn_runs_can_be_restored(
    owner: User, talk: Session, puppet: Puppet, *, is_late: bool
) -> None:
    gate = Gate(step(WRITE, stop="tool_use"))
    puppet.plays["echoes"] = gate.play
    turn_id = await say(owner, talk, "Act")
    await gate.reached.wait()
    await say(owner, talk, "waits")
    if is_late:
        gate.opened.set()
        await asked(owner, talk)
    made = await sessions.checkpoint(owner, talk.id)
    gate.opened.set()
    await sessions.submit(owner, talk.id, Interrupt(turn_id=turn_id))
    started = [event async for event in _started(owner, talk, 2)]
    await finished(owner, talk, started[-1].turn_id)
    await sessions.restore(owner, talk.id, made.id)
    puppet.plays["echoes"] = echoes
    ended = (await turn(owner, talk, "Again"))[-1]
    assert isinstance(ended, TurnFinished)
    assert ended.reason == "end_turn"
    told = puppet.requests[-1].messages
    assert_calls_have_one_result(told)
    assert [message.text for message in told if message.role == "user"][-1].endswith("Again")
    assert "waits" not in "".join(message.text for message in told)
    shown = (await sessions.open(owner, talk.id)).rows
    assert {row.status for row in shown} <= {"done", "cancelled"}


async def test_only_the_newest_checkpoints_are_kept(
    owner: User, talk: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "MOST", 3)
    made = [await sessions.checkpoint(owner, talk.id, f"{number}") for number in range(5)]
    assert [each["id"] for each in (await kept(talk))["checkpoints"]] == [each.id for each in made[2:]]
    with pytest.raises(NotFound, match="checkpoint"):
        await sessions.restore(owner, talk.id, made[0].id)


async def test_checkpoints_made_at_one_instant_are_all_kept(owner: User, talk: Session) -> None:
    made = await asyncio.gather(*(sessions.checkpoint(owner, talk.id, f"{n}") for n in range(8)))
    assert {each["id"] for each in (await kept(talk))["checkpoints"]} == {each.id for each in made}


async def test_an_unknown_checkpoint_is_not_there(owner: User, talk: Session) -> None:
    elsewhere = await sessions.create(owner)
    made = await sessions.checkpoint(owner, elsewhere.id)
    for checkpoint_id in (made.id, new_id(), "", "\0", "../x"):
        with pytest.raises(NotFound, match="checkpoint"):
            await sessions.restore(owner, talk.id, checkpoint_id)
    for session_id in (new_id(), "", "\0"):
        with pytest.raises(NotFound):
            await sessions.checkpoint(owner, session_id)
    for gone in (checkpoints.save(new_id(), ""), checkpoints.restore(new_id(), made.id)):
        with pytest.raises(NotFound):
            await gone


async def test_nobody_else_saves_restores_or_forks(owner: User, other: User, talk: Session) -> None:
    await turn(owner, talk, "one")
    made = await sessions.checkpoint(owner, talk.id)
    before = await events(talk)
    for foreign in (
        sessions.saved(other, talk.id),
        sessions.checkpoint(other, talk.id),
        sessions.restore(other, talk.id, made.id),
        sessions.fork(other, talk.id, 1),
    ):
        with pytest.raises(NotFound):
            await foreign
    assert await events(talk) == before
    assert (await sessions.mine(other))[0] == []


async def test_a_fork_at_any_number_runs_on_by_itself_to_a_valid_history(
    owner: User, acted: Session, puppet: Puppet
) -> None:
    whole = await events(acted)
    for seq in range(1, len(whole) + 1):
        puppet.requests.clear()
        forked = await sessions.fork(owner, acted.id, seq)
        assert forked.id != acted.id
        copied = (await events(forked))[:seq]
        assert [event.type for event in copied] == [event.type for event in whole[:seq]]
        await _to_its_end(owner, forked)
        happened = await events(forked)
        assert_calls_have_one_result(messages(happened))
        for request in puppet.requests:
            assert_calls_have_one_result(request.messages)
        assert [event.type for event in happened].count("TurnFinished") == 1
        assert {event.turn_id for event in happened}.isdisjoint(
            {event.turn_id for event in whole if event.turn_id}
        )
        await sessions.change(owner, forked.id, model="puppet:echoes")
        assert (await turn(owner, forked, "Again"))[-1].type == "TurnFinished"
    assert await events(acted) == whole


async def _to_its_end(owner: User, session: Session) -> None:
    """Follow a session until its one turn has ended, allowing what it asks about."""
    async with await sessions.follow(owner, session.id) as following, asyncio.timeout(PATIENCE):
        open_questions: dict[str, ApprovalRequested] = {}
        async for seq, event in following:
            if isinstance(event, ApprovalRequested):
                open_questions[event.approval_id] = event
            elif isinstance(event, ApprovalGiven):
                open_questions.clear()
            elif isinstance(event, TurnFinished):
                return
            if open_questions and seq == (await sessions.get(owner, session.id)).last_seq:
                given = Answer(approval_id=open_questions.popitem()[0], answer="allow_once")
                await sessions.submit(owner, session.id, given)


async def test_a_call_that_had_begun_before_the_copys_end_is_not_run_again(
    owner: User, acted: Session
) -> None:
    [begun] = [
        seq
        for seq, event in enumerate(await events(acted), 1)
        if isinstance(event, ToolCallStarted) and event.effect == "once"
    ]
    forked = await sessions.fork(owner, acted.id, begun)
    await _to_its_end(owner, forked)
    results = [event.result for event in await events(forked) if isinstance(event, ToolCallFinished)]
    assert [(result.call_id, result.outcome) for result in results] == [("look", "ok"), ("write", "unknown")]
    assert os.listdir(forked.workspace) == []  # noqa: PTH208  waits for no disk
    assert os.listdir(acted.workspace) == ["a.txt"]  # noqa: PTH208


async def test_a_fork_while_the_turn_still_asks_has_a_question_of_its_own(owner: User, talk: Session) -> None:
    await sessions.change(owner, talk.id, model="puppet:acts")
    turn_id = await say(owner, talk, "Act")
    question = await asked(owner, talk)
    forked = await sessions.fork(owner, talk.id, (await sessions.get(owner, talk.id)).last_seq)
    await _to_its_end(owner, forked)
    assert (Path(forked.workspace) / "a.txt").read_text() == "a"
    assert not (Path(talk.workspace) / "a.txt").exists()
    reject = Answer(approval_id=question.approval_id, answer="reject_once")
    with pytest.raises(Conflict):
        await sessions.submit(owner, forked.id, reject)
    await sessions.submit(owner, talk.id, reject)
    assert (await finished(owner, talk, turn_id)).reason == "end_turn"


async def test_prompts_that_wait_at_the_copys_end_run_there_too(
    owner: User, talk: Session, puppet: Puppet
) -> None:
    gate = Gate()
    puppet.plays["echoes"] = gate.play
    turns = [await say(owner, talk, text) for text in ("one", "two", "three")]
    gate.opened.set()
    await finished(owner, talk, turns[-1])
    whole = await events(talk)
    for seq in (3, *(at for at, event in enumerate(whole, 1) if event.type == "TurnFinished")):
        forked = await sessions.fork(owner, talk.id, seq)
        queued = sum(event.type == "PromptQueued" for event in whole[:seq])
        started = [event async for event in _started(owner, forked, 1 + queued)]
        await finished(owner, forked, started[-1].turn_id)
        words = [event.prompt[0].text for event in started]
        assert words == ["one", "two", "three"][: 1 + queued]


async def test_a_fork_has_the_checkpoints_it_has_seen(owner: User, talk: Session) -> None:
    await turn(owner, talk, "one")
    first = await sessions.checkpoint(owner, talk.id, "first")
    await turn(owner, talk, "two")
    second = await sessions.checkpoint(owner, talk.id, "second")
    forked = await sessions.fork(owner, talk.id, first.seq + 1)
    before = messages(await counting(forked))
    await turn(owner, forked, "other")
    assert await sessions.restore(owner, forked.id, first.id) == first
    assert messages(await counting(forked)) == before
    with pytest.raises(NotFound):
        await sessions.restore(owner, forked.id, second.id)


async def test_a_command_of_the_source_is_another_in_the_fork(owner: User, talk: Session) -> None:
    await finished(owner, talk, await say(owner, talk, "one", "id"))
    forked = await sessions.fork(owner, talk.id, 3)
    turn_id = await say(owner, forked, "two", "id")
    assert (await finished(owner, forked, turn_id)).reason == "end_turn"
    assert [event.type for event in await events(forked)].count("TurnStarted") == 2


async def test_a_fork_of_what_went_back_has_gone_back(owner: User, talk: Session) -> None:
    await turn(owner, talk, "one")
    made = await sessions.checkpoint(owner, talk.id)
    await turn(owner, talk, "two")
    await sessions.restore(owner, talk.id, made.id)
    forked = await sessions.fork(owner, talk.id, (await sessions.get(owner, talk.id)).last_seq)
    assert messages(await counting(forked)) == messages(await counting(talk))


@sqlite_only
async def test_a_number_of_no_event_is_no_place_to_fork(owner: User, talk: Session) -> None:
    await turn(owner, talk, "one")
    for seq in (-1, 0, 4, 10**17):
        with pytest.raises(Invalid, match="bad_arguments"):
            checkpoints.require_event(await sessions.get(owner, talk.id), seq)
        with pytest.raises(Invalid, match="bad_arguments"):
            await sessions.fork(owner, talk.id, seq)
    assert [session.id for session in (await sessions.mine(owner))[0]] == [talk.id]


async def test_a_prompt_is_taken_back_with_what_came_after_it(owner: User, talk: Session) -> None:
    await turn(owner, talk, "first")
    second = (await turn(owner, talk, "second"))[0].turn_id
    third = (await turn(owner, talk, "third"))[0].turn_id
    [said] = await sessions.take_back(owner, talk.id, second)
    assert said == Text(text="second")
    opened = await sessions.open(owner, talk.id)
    assert [row.text for row in opened.rows if row.kind == "user"] == ["first"]
    assert opened.rows[-1].title == "taken_back"
    with pytest.raises(NotFound, match="prompt"):
        await sessions.take_back(owner, talk.id, third)
    await turn(owner, talk, "anew")
    opened = await sessions.open(owner, talk.id)
    assert [row.text for row in opened.rows if row.kind == "text"] == ["told 1", "told 3"]


async def test_the_first_prompt_is_taken_back_too_but_none_while_a_turn_runs(
    owner: User, talk: Session, puppet: Puppet
) -> None:
    first = (await turn(owner, talk, "first"))[0].turn_id
    gate = Gate()
    puppet.plays["waits"] = gate.play
    await sessions.change(owner, talk.id, model="puppet:waits")
    running = await say(owner, talk, "second")
    with pytest.raises(Conflict, match="turn_runs"):
        await sessions.take_back(owner, talk.id, first)
    gate.opened.set()
    await finished(owner, talk, running)
    await sessions.take_back(owner, talk.id, first)
    assert messages(event for _, event in still_counting(await log.read(talk.id))) == ()


async def test_a_strangers_prompt_is_not_taken_back(owner: User, talk: Session) -> None:
    first = (await turn(owner, talk, "first"))[0].turn_id
    stranger = User(id=new_id(), email="e@example.org", name="Eve", provider="test")
    with pytest.raises(NotFound, match="session"):
        await sessions.take_back(stranger, talk.id, first)
    with pytest.raises(NotFound, match="prompt"):
        await sessions.take_back(owner, talk.id, "nothing")


async def test_a_session_is_forked_after_a_turn(owner: User, talk: Session) -> None:
    first = (await turn(owner, talk, "first"))[0].turn_id
    await turn(owner, talk, "second")
    copy = await sessions.fork_after(owner, talk.id, first)
    rows = (await sessions.open(owner, copy.id)).rows
    assert [row.text for row in rows if row.kind == "user"] == ["first"]
    with pytest.raises(NotFound, match="turn"):
        await sessions.fork_after(owner, talk.id, "nothing")
    stranger = User(id=new_id(), email="e@example.org", name="Eve", provider="test")
    with pytest.raises(NotFound, match="session"):
        await sessions.fork_after(stranger, talk.id, first)
