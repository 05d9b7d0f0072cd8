"""The engine over DBOS: each turn once, parked without cost, gone on with after restarts and redeploys."""

import asyncio
import json
import threading
from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import JsonValue
from sqlalchemy import MetaData, Table, create_engine

from agent import sessions
from agent.config import Settings
from agent.core.commands import Answer, Interrupt
from agent.core.events import ApprovalRequested, Noticed, StepFinished, ToolCallFinished, TurnFinished
from agent.core.identity import Session, User
from agent.core.messages import Message
from agent.loop import StepFailed
from agent.sessions.accepting import accept
from agent.sessions.turns import durable, registry
from agent.sessions.turns import turn as turns
from agent.sessions.turns.durable import DurableEngine
from agent.sessions.turns.engine import Engine, Run, Status
from agent.sessions.turns.turn import Turn
from agent.store.engine import is_sqlite, reading
from agent.store.sessions import SessionRow
from tests.agent.sessions.puppet import Puppet, says_done
from tests.agent.sessions.talk import asked, events, finished, heard_until, prompt, say, sqlite_only

LIVE = import_module("agent.sessions.turns.live")
WRITE = "create notes.txt with hello"


def engine() -> Engine:
    return sessions._awake().engine


async def row_of(session: Session) -> SessionRow:
    row = await reading(lambda store: store.get(SessionRow, session.id))
    assert row
    return row


async def parked(user: User, session: Session) -> tuple[str, str]:
    """A turn that waits for a person and is parked; gives its id and the approval's."""
    turn_id = await say(user, session, WRITE)
    async with await sessions.follow(user, session.id) as following:
        await heard_until(following, lambda event: isinstance(event, Noticed) and event.code == "parked")
    await until(Run(session.id, turn_id), "parked")
    return turn_id, (await asked(user, session)).approval_id


def stored(settings: Settings, table: str, run: Run) -> list[dict[str, Any]]:
    """Rows of the engine's own tables, in the order of steps."""
    is_file = is_sqlite(settings.database)
    url = f"sqlite:///{settings.data_dir / 'engine.db'}" if is_file else settings.database
    database = create_engine(url)
    rows = Table(table, MetaData(schema=None if is_file else "dbos"), autoload_with=database)
    with database.connect() as connection:
        found = connection.execute(rows.select().where(rows.c.workflow_uuid == run.id)).mappings().all()
    database.dispose()
    return sorted((dict(row) for row in found), key=lambda row: row.get("function_id", 0))


async def until(run: Run, status: Status) -> None:
    """Wait until the engine says so: its own word comes after the log's, and wakes nobody."""
    async with asyncio.timeout(20):
        while await engine().status(run) != status:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def forget(settings: Settings) -> None:
    """Lose everything the engine knows."""
    if is_sqlite(settings.database):
        for file in settings.data_dir.glob("engine.db*"):
            file.unlink()
        return
    with psycopg.connect(settings.database.replace("+psycopg", "")) as connection:
        connection.execute("DROP SCHEMA dbos CASCADE")


def notices(happened: Sequence[object]) -> list[str]:
    return [event.code for event in happened if isinstance(event, Noticed)]


async def test_a_turn_submitted_twice_runs_once(owner: User, puppet: Puppet) -> None:
    puppet.plays = {"done": says_done}
    session = await sessions.create(owner, model="puppet:done")
    accepted = await accept(session.id, prompt("Hi"), owner.name)
    assert accepted.begun
    await asyncio.gather(*(engine().submit(accepted.begun) for _ in range(5)))
    await finished(owner, session, accepted.turn_id)
    await engine().submit(accepted.begun)
    await engine().fork(accepted.begun)
    assert len(puppet.requests) == 1
    assert [event.type for event in await events(session)] == ["TurnStarted", "StepFinished", "TurnFinished"]


async def test_the_engine_says_how_a_turn_stands(owner: User, session: Session) -> None:
    turn_id = await say(owner, session, WRITE)
    question = await asked(owner, session)
    run = Run(session.id, turn_id)
    assert await engine().status(run) == "running"
    assert run in await engine().list()
    assert await engine().status(Run(session.id, "nobody's")) is None
    await sessions.submit(owner, session.id, Answer(approval_id=question.approval_id, answer="allow_once"))
    await finished(owner, session, turn_id)
    await until(run, "finished")
    assert run not in await engine().list()


@pytest.mark.parametrize("word", ["allow_once", "reject_once", "stop"])
async def test_a_parked_turn_costs_nothing_and_goes_on_when_somebody_speaks(
    owner: User, session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setattr(turns, "PARK_AFTER", 0.1)
    turn_id, approval_id = await parked(owner, session)
    run = Run(session.id, turn_id)
    assert (await row_of(session)).is_parked
    assert run not in await engine().list()
    assert not registry.is_running(run)
    working = [name for task in asyncio.all_tasks() if "workflow" in (name := repr(task.get_coro()))]
    assert working == []
    await sessions.close()
    await sessions.wake(settings)  # days later; no clock is asked
    command = (
        Interrupt() if word == "stop" else Answer.model_validate({"approval_id": approval_id, "answer": word})
    )
    await sessions.submit(owner, session.id, command)
    assert (await finished(owner, session, turn_id)).reason == ("cancelled" if word == "stop" else "end_turn")
    happened = await events(session)
    assert notices(happened) == (["parked", "stopping"] if word == "stop" else ["parked"])
    assert sum(isinstance(event, ApprovalRequested) for event in happened) == 1
    outcomes = [event.result.outcome for event in happened if isinstance(event, ToolCallFinished)]
    assert outcomes[0] == {"allow_once": "ok", "reject_once": "rejected", "stop": "cancelled"}[word]
    assert (await row_of(session)).turn_part == 2


async def test_turns_go_on_from_the_log_alone(
    owner: User, session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = await say(owner, session, WRITE)
    question = await asked(owner, session)
    monkeypatch.setattr(turns, "PARK_AFTER", 0.05)
    other = await sessions.create(owner, model="demo:scripted")
    waits, approval_id = await parked(owner, other)
    await sessions.close()
    forget(settings)
    await sessions.wake(settings)
    for one, approval in ((session, question.approval_id), (other, approval_id)):
        await sessions.submit(owner, one.id, Answer(approval_id=approval, answer="allow_once"))
    for one, turn_id in ((session, asks), (other, waits)):
        assert (await finished(owner, one, turn_id)).reason == "end_turn"
        assert sum(isinstance(event, ApprovalRequested) for event in await events(one)) == 1


async def test_rows_of_turns_that_ended_long_ago_are_deleted(
    owner: User, session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await sessions.create(owner, model="demo:scripted")
    open_turn = await say(owner, other, WRITE)
    await asked(owner, other)
    ended = await say(owner, session, "count to 1")
    await finished(owner, session, ended)
    run = Run(session.id, ended)
    await until(run, "finished")
    running = sessions._awake()._durable
    assert isinstance(running, DurableEngine)
    await running.tidy()
    assert await engine().status(run) == "finished"
    monkeypatch.setattr(durable, "KEPT", timedelta(seconds=-60))
    await running.tidy()
    assert await engine().status(run) is None
    assert not stored(settings, "operation_outputs", run)
    assert await engine().status(Run(other.id, open_turn)) == "running"


async def test_what_the_engine_keeps_is_json_of_one_version(
    owner: User, session: Session, settings: Settings
) -> None:
    turn_id = await say(owner, session, "look around")
    await finished(owner, session, turn_id)
    await until(Run(session.id, turn_id), "finished")
    run = Run(session.id, turn_id)
    [row] = stored(settings, "workflow_status", run)
    [given], [gave] = stored(settings, "workflow_input", run), stored(settings, "workflow_output", run)
    assert session.id in json.dumps(json.loads(given["inputs"]))
    assert json.loads(gave["output"]) == "finished"
    assert row["application_version"] == "maestro-1"
    assert row["executor_id"] == sessions._awake()._executor.id
    steps = stored(settings, "operation_outputs", run)
    assert {step["function_name"] for step in steps} == {"model_step", "tool_step"}
    assert [(json.loads(step["output"]), step["error"]) for step in steps] == [(None, None)] * len(steps)


@sqlite_only
async def test_a_second_engine_is_refused_and_the_first_runs_on(
    owner: User, session: Session, settings: Settings
) -> None:
    async def never(_run: Run, _recorder: object) -> str:
        raise AssertionError

    url = f"sqlite:///{settings.data_dir / 'second.db'}"
    second = DurableEngine(url, "second", never, works=True, is_alone=True)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        await second.open()
    assert (await finished(owner, session, await say(owner, session, "count to 1"))).reason == "end_turn"


async def test_an_engine_that_cannot_open_leaves_room_for_another(tmp_path: Path) -> None:
    async def never(_run: Run, _recorder: object) -> str:
        raise AssertionError

    broken = DurableEngine(f"sqlite:///{tmp_path}", "e", never, works=True, is_alone=True)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="unable to open database file"):
        await broken.open()
    well = DurableEngine(f"sqlite:///{tmp_path / 'e.db'}", "e", never, works=True, is_alone=True)  # type: ignore[arg-type]
    await well.open()
    assert await well.list() == []
    await well.close()


async def test_many_turns_take_few_threads(owner: User, puppet: Puppet) -> None:
    puppet.plays = {"done": says_done}
    made = [await sessions.create(owner, model="puppet:done") for _ in range(40)]
    before = threading.active_count()
    begun = await asyncio.gather(*(say(owner, session, "Hi") for session in made))
    most = before
    for session, turn_id in zip(made, begun, strict=True):
        await finished(owner, session, turn_id)
        most = max(most, threading.active_count())
    assert most - before <= durable.THREADS + 8


async def nothing() -> JsonValue:
    return None


class Edited(Turn):
    """A later version of the turn, with one step more."""

    async def _model_step(self, number: int, history: Sequence[Message]) -> StepFinished | StepFailed:
        await self._recorder.step("audit", nothing)
        return await super()._model_step(number, history)


class Patched(Turn):
    """The same as it should be done."""

    async def _model_step(self, number: int, history: Sequence[Message]) -> StepFinished | StepFailed:
        if await self._recorder.patched("audit"):
            await self._recorder.step("audit", nothing)
        return await super()._model_step(number, history)


async def redeployed(
    owner: User, session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch, kind: type[Turn]
) -> TurnFinished:
    """A turn that waited at its question, and goes on in another version of the program."""
    turn_id = await say(owner, session, WRITE)
    question = await asked(owner, session)
    await sessions.close()
    monkeypatch.setattr(LIVE, "Turn", kind)
    await sessions.wake(settings)
    if kind is not Edited:
        answer = Answer(approval_id=question.approval_id, answer="allow_once")
        await sessions.submit(owner, session.id, answer)
    return await finished(owner, session, turn_id)


async def step_names(settings: Settings, run: Run) -> list[str]:
    await until(run, "finished")
    return [row["function_name"] for row in stored(settings, "operation_outputs", run)]


async def test_a_waiting_turn_goes_on_in_a_version_with_a_patch(
    owner: User, session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = await redeployed(owner, session, settings, monkeypatch, Patched)
    assert ended.reason == "end_turn"
    names = await step_names(settings, Run(session.id, ended.turn_id))
    assert names[:3] == ["model_step", "question", "tool_step"]
    fresh = await say(owner, session, "count to 1")
    assert (await finished(owner, session, fresh)).reason == "end_turn"
    names = await step_names(settings, Run(session.id, fresh))
    assert names == ["DBOS.patch-audit", "audit", "model_step"]


async def test_a_waiting_turn_fails_aloud_in_a_version_changed_without_a_patch(
    owner: User,
    session: Session,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended = await redeployed(owner, session, settings, monkeypatch, Edited)
    assert (ended.reason, ended.error) == ("error", "internal")
    told = capsys.readouterr().out
    assert "turn failed" in told
    assert ended.values["reference"] in told
    assert "was recorded when" in told
    assert "audit" in told
