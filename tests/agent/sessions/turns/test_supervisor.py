"""Turns are begun and gone on with, whoever lost them."""

import asyncio
from collections.abc import Sequence

import pytest

from agent import sessions
from agent.config import Settings
from agent.core.commands import Answer
from agent.core.errors import Unavailable
from agent.core.events import Event, Noticed, PromptQueued, TurnStarted
from agent.core.identity import Session, User
from agent.core.messages import Text
from agent.sessions import log
from agent.sessions.accepting import accept
from agent.sessions.turns import registry
from agent.sessions.turns.durable import DurableEngine
from agent.sessions.turns.engine import Ended, Recorder, Run
from agent.sessions.turns.supervisor import Supervisor
from agent.store.columns import new_id
from agent.store.engine import reading
from agent.store.sessions import SessionRow
from tests.agent.sessions.talk import asked, events, finished, prompt, say, sqlite_only

WRITE = "create notes.txt with hello"


def supervisor() -> Supervisor:
    return sessions._awake()


def notices(happened: Sequence[Event]) -> list[str]:
    return [event.code for event in happened if isinstance(event, Noticed)]


async def answered(user: User, session: Session, turn_id: str) -> None:
    question = await asked(user, session)
    await sessions.submit(user, session.id, Answer(approval_id=question.approval_id, answer="allow_once"))
    assert (await finished(user, session, turn_id)).reason == "end_turn"


async def test_turns_of_a_dead_executor_go_on_and_each_death_is_told_once(
    owner: User, session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_id = await say(owner, session, WRITE)
    await asked(owner, session)
    with monkeypatch.context() as killed:  # right after it was told, twice
        killed.setattr(DurableEngine, "resume", lambda *_: None)
        for _ in range(2):
            await sessions.close()
            await sessions.wake(settings)
    assert notices(await events(session)) == ["restart"]
    for _ in range(2):
        await supervisor()._round()
    await answered(owner, session, turn_id)
    assert notices(await events(session)) == ["restart"]


async def test_turns_of_the_living_are_left_to_them(owner: User, session: Session) -> None:
    turn_id = await say(owner, session, WRITE)
    await asked(owner, session)
    for _ in range(3):
        await supervisor()._round()
    await answered(owner, session, turn_id)
    assert notices(await events(session)) == []
    row = await reading(lambda store: store.get_one(SessionRow, session.id))
    assert row.turn_part == 1


async def test_a_turn_that_the_engine_does_not_know_is_begun(owner: User, session: Session) -> None:
    accepted = await accept(session.id, prompt("count to 1"), owner.name)
    await supervisor()._round()
    assert (await finished(owner, session, accepted.turn_id)).reason == "end_turn"


async def test_a_turn_whose_execution_broke_gets_the_next_one(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(_run: Run, _recorder: Recorder, _writer: str) -> tuple[Ended, Run | None]:
        raise RuntimeError("boom")

    with monkeypatch.context() as broken:
        broken.setattr(registry, "run", breaks)
        turn_id = await say(owner, session, "count to 1")
        async with asyncio.timeout(20):
            while await supervisor().engine.status(Run(session.id, turn_id)) != "failed":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    await supervisor()._round()
    assert (await finished(owner, session, turn_id)).reason == "end_turn"
    row = await reading(lambda store: store.get_one(SessionRow, session.id))
    assert row.turn_part == 2


async def test_prompts_that_wait_for_no_turn_are_begun(owner: User, session: Session) -> None:
    turns = [new_id(), new_id()]
    for turn_id in turns:
        queued = PromptQueued(turn_id=turn_id, prompt_id=turn_id, prompt=(Text(text="count to 1"),))
        await log.append(session.id, queued)
    await supervisor()._round()
    for turn_id in turns:
        assert (await finished(owner, session, turn_id)).reason == "end_turn"
    begun = [event.turn_id for event in await events(session) if isinstance(event, TurnStarted)]
    assert begun == turns


async def test_a_turn_begins_though_whoever_asked_has_gone(owner: User, session: Session) -> None:
    for yields in range(12):
        command = prompt("count to 1")
        accepted = await accept(session.id, command, owner.name)
        assert accepted.begun
        asking = asyncio.create_task(supervisor().begin(accepted.begun, command, is_continued=False))
        for _ in range(yields):
            await asyncio.sleep(0)
        asking.cancel()
        if yields:
            assert (await finished(owner, session, accepted.turn_id)).reason == "end_turn"
        else:  # it has not even begun to begin
            await supervisor()._round()
            assert (await finished(owner, session, accepted.turn_id)).reason == "end_turn"


@sqlite_only
async def test_a_turn_that_cannot_be_begun_is_begun_later(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_engine: DurableEngine, _run: Run) -> None:
        raise Unavailable("database")

    with monkeypatch.context() as broken:
        broken.setattr(DurableEngine, "submit", fails)
        turn_id = await say(owner, session, "count to 1")
    await supervisor()._round()
    assert (await finished(owner, session, turn_id)).reason == "end_turn"


@sqlite_only
async def test_a_supervisor_that_was_never_opened_says_so_and_can_be_closed(settings: Settings) -> None:
    asleep = Supervisor(settings.model_copy(update={"maestro_role": "web"}))
    with pytest.raises(Unavailable):
        _ = asleep.engine
    await asleep.close()
