"""The database or Redis goes away in mid-turn and comes back: nothing is lost, nothing happens twice."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, nullcontext
from itertools import count
from pathlib import Path

import httpx2
import psycopg
import pytest
from dbos._utils import retriable_postgres_exception
from pydantic import JsonValue
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError, ProgrammingError

from agent.core.errors import Unavailable
from agent.sessions.stream.following import SAFETY
from agent.sessions.turns import durable
from agent.sessions.turns.engine import Ended, Recorder, Run
from agent.sessions.turns.executors import SILENT
from agent.store.columns import new_id
from agent.store.engine import connect, disconnect, writing
from tests.durable.callers import BUSY, Caller, calling, prompt
from tests.durable.cluster import PATIENCE, Cluster
from tests.durable.laws import breaches
from tests.durable.records import Record, log
from tests.durable.screens import Screen, watching
from tests.servers import PostgresServer, RedisServer, new_database

GONE = 6.0
"""Seconds the database is away."""
REDIS_GONE = 4.0
LONG_LEASE, SHORT_LEASE = "45", "3"
GONE_FOR_SHORT_LEASE = 5.0
BRIEFLY = 2.0
"""Seconds it is away from a single step."""
SLACK = 3.0
"""Seconds more that a loaded machine may need."""
BEAT = 0.2
MANY = ("web1", "web2", "worker1")
names = (f"outage{number}" for number in count())


def outcomes(records: list[Record]) -> list[str]:
    return [record.body["result"]["outcome"] for record in records if record.type == "ToolCallFinished"]


def reason(records: list[Record]) -> tuple[str, str]:
    return records[-1].body["reason"], records[-1].body["error"]


def calls(tool: str, name: str, seconds: float) -> dict[str, object]:
    return {"say": 2, "calls": [[tool, {"name": name, "seconds": seconds}]]}


async def question(screen: Screen) -> str:
    """Wait until a person is asked; gives the approval's id."""
    return (await screen.until(lambda it: it.type == "ApprovalRequested")).body["approval_id"]


async def lawful(cluster: Cluster, screens: list[Screen], turn_id: str) -> list[Record]:
    """The events of a turn, once every screen has seen its end and every law was found to hold."""
    ended = [await screen.ended(turn_id) for screen in screens]
    session = screens[0].session
    assert {record.seq for record in ended} == {ended[0].seq}
    assert not breaches(cluster, session, screens)
    return [record for record in log(cluster.database, session) if record.turn_id == turn_id]


@asynccontextmanager
async def healthy(caller: Caller) -> AsyncIterator[None]:
    """Ask every server all the time whether it is up; each must say so at once."""
    asked = 0

    async def ask() -> None:
        nonlocal asked
        while True:
            for program in caller.cluster.servers:
                url = f"http://127.0.0.1:{program.port}/healthz"
                (await caller.client.get(url, timeout=SLACK)).raise_for_status()
                asked += 1
            await asyncio.sleep(BEAT)

    asking = asyncio.create_task(ask())
    try:
        yield
    finally:
        asking.cancel()
        await asyncio.wait({asking})
    assert asking.cancelled() or asking.result() is None
    assert asked


@pytest.fixture(params=["one", "many"])
def placed(request: pytest.FixtureRequest, tmp_path: Path, own_postgres: PostgresServer) -> Iterator[Cluster]:
    """Programs over a database that may go: one alone, or web and worker with Redis."""
    is_one = request.param == "one"
    redis = {} if is_one else {"REDIS_URL": request.getfixturevalue("redis_url")}
    address = new_database(own_postgres.address)
    cluster = Cluster(tmp_path / "data", address, MAESTRO_LEASE=LONG_LEASE, **redis)
    try:
        cluster.start(*(("all",) if is_one else MANY))
        yield cluster
    finally:
        cluster.stop()


async def test_turns_wait_for_a_database_that_goes_and_comes_back(
    placed: Cluster, own_postgres: PostgresServer
) -> None:
    speaking, working, asking = next(names), next(names), next(names)
    scripts = {
        speaking: {"say": 30, "rate": 10},
        working: calls("effect_once", working, 2.5),
        asking: calls("effect_asked", asking, 0.1),
    }
    pids = {program.running.pid for program in placed.programs.values()}
    async with calling(placed) as caller:
        sessions = [await caller.session() for _ in scripts]
        async with (
            watching(caller, sessions[0], 2) as hearing,
            watching(caller, sessions[1], 2) as seeing,
            watching(caller, sessions[2], 2) as answering,
            healthy(caller),
        ):
            turns = [
                await caller.prompt(session, {"name": name, "steps": [step]})
                for session, (name, step) in reversed([*zip(sessions, scripts.items(), strict=True)])
            ][::-1]
            approval = await question(answering[0])
            await hearing[0].spoken(turns[0])
            await placed.effects.first("START", working)
            await asyncio.to_thread(own_postgres.stop)
            back_at = time.monotonic() + GONE
            kept = {"id": "kept-for-later", **prompt({"name": next(names), "steps": []})}
            answer = {"type": "Answer", "approval_id": approval, "answer": "allow_once"}
            for session, command in ((sessions[0], kept), (sessions[2], answer)):
                for program in placed.servers:
                    refused = await caller.client.post(
                        f"{program.api}/sessions/{session}/commands", json=command
                    )
                    assert refused.status_code == BUSY
                    assert refused.json()["code"] == "database"
                    assert "does not answer" in refused.json()["detail"]
            for screen in (hearing[0], seeing[0]):
                await screen.reaches(lambda screen=screen: "storage_waiting" in screen.notices, GONE)
            await asyncio.sleep(back_at - time.monotonic())
            await asyncio.to_thread(own_postgres.start)
            assert await caller.answer(sessions[2], approval) == turns[2]
            later = (await caller.ask(sessions[0], kept)).json()["turn_id"]
            spoken = await lawful_after(placed, hearing, turns[0], later)
            worked = await lawful(placed, seeing, turns[1])
            answered = await lawful(placed, answering, turns[2])
        assert [reason(records) for records in (spoken, worked, answered)] == [("end_turn", "")] * 3
        assert outcomes(worked) == outcomes(answered) == ["ok"]
        for name in (working, asking):
            assert [effect.kind for effect in placed.effects.of(name, "START", "END")] == ["START", "END"]
        assert len(placed.effects.of(f"{speaking}/0", "MODEL")) == 1
    assert {program.running.pid for program in placed.programs.values()} == pids
    assert all(program.running.poll() is None for program in placed.programs.values())


async def lawful_after(cluster: Cluster, screens: list[Screen], turn_id: str, later: str) -> list[Record]:
    """The events of a turn, once a later one of the same session has ended well too."""
    for screen in screens:
        assert (await screen.ended(turn_id)).seq
    assert reason(await lawful(cluster, screens, later)) == ("end_turn", "")
    return [record for record in log(cluster.database, screens[0].session) if record.turn_id == turn_id]


async def test_a_worker_without_its_database_ends_itself_and_its_turns_go_on_when_it_is_back(
    tmp_path: Path, own_postgres: PostgresServer, redis_url: str
) -> None:
    address = new_database(own_postgres.address)
    place = Cluster(tmp_path / "data", address, MAESTRO_LEASE=SHORT_LEASE, REDIS_URL=redis_url)
    speaking, working = next(names), next(names)
    try:
        place.start("web1", "worker1")
        async with calling(place) as caller:
            sessions = [await caller.session() for _ in range(2)]
            async with (
                watching(caller, sessions[0], 2) as hearing,
                watching(caller, sessions[1], 2) as seeing,
                healthy(caller),
            ):
                spoken = await caller.prompt(
                    sessions[0], {"name": speaking, "steps": [{"say": 60, "rate": 30}]}
                )
                worked = await caller.prompt(
                    sessions[1], {"name": working, "steps": [calls("effect_once", working, 20)]}
                )
                await place.effects.first("START", working)
                await hearing[0].spoken(spoken)
                await asyncio.to_thread(own_postgres.stop)
                back_at = time.monotonic() + GONE_FOR_SHORT_LEASE
                assert await place.gone("worker1") == SILENT
                await asyncio.sleep(back_at - time.monotonic())
                await asyncio.to_thread(own_postgres.start)
                await caller.start("worker1")
                records = [await lawful(place, hearing, spoken), await lawful(place, seeing, worked)]
            assert [reason(each) for each in records] == [("end_turn", "")] * 2
            assert outcomes(records[1]) == ["unknown"]
            assert len(place.effects.of(working, "START")) == 1
            assert "web1" in place.programs
            assert place.programs["web1"].running.poll() is None
    finally:
        place.stop()


@pytest.mark.parametrize("way", ["killed", "paused"])
async def test_durable_events_reach_the_followers_without_redis_and_deltas_when_it_is_back(
    tmp_path: Path, postgres: str, own_redis: RedisServer, way: str
) -> None:
    place = Cluster(tmp_path / "data", postgres, REDIS_URL=own_redis.address)
    name = next(names)
    try:
        place.start("web1", "web2", "worker1")
        async with calling(place) as caller:
            session = await caller.session()
            async with watching(caller, session, 4) as screens, healthy(caller):
                steps = [calls("effect_once", name, 1.0), {"say": 90, "rate": 10}]
                turn_id = await caller.prompt(session, {"name": name, "steps": steps})
                await place.effects.first("START", name)
                back_at = time.monotonic() + REDIS_GONE
                if way == "killed":
                    own_redis.stop()
                with own_redis.paused() if way == "paused" else nullcontext():
                    done_at = (await place.effects.first("END", name)).at
                    await asyncio.sleep(back_at - time.monotonic())
                if way == "killed":
                    await asyncio.to_thread(own_redis.start)
                for screen in screens:
                    patience = done_at + SAFETY + SLACK - time.monotonic()
                    await screen.until(lambda it: it.type == "ToolCallFinished", patience)
                for screen in screens:
                    await screen.spoken(turn_id, 1)
                    heard = screen.deltas
                    await screen.reaches(lambda heard=heard, screen=screen: screen.deltas > heard + 1, SLACK)
                records = await lawful(place, screens, turn_id)
            assert (reason(records), outcomes(records)) == (("end_turn", ""), ["ok"])
            assert len(place.effects.of(f"{name}/1", "MODEL")) == 1
    finally:
        place.stop()


@pytest.mark.parametrize("state", [None, "08006", "57P01"])
def test_the_engine_waits_for_a_server_that_is_gone_in_whatever_words(state: str | None) -> None:
    class Gone(psycopg.OperationalError):
        sqlstate = state

    def connect() -> None:
        raise Gone("failed to resolve host 'postgres': [Errno -2] Name or service not known")

    assert durable
    database = create_engine("postgresql+psycopg://", creator=connect)
    with pytest.raises(OperationalError) as raised:
        database.connect()
    assert retriable_postgres_exception(raised.value)


@pytest.mark.parametrize(
    ("command", "raised"),
    [("SET TRANSACTION READ ONLY; CREATE TABLE here (it int)", Unavailable), ("nonsense", ProgrammingError)],
)
async def test_a_database_that_may_only_be_read_is_told_apart_from_a_wrong_question(
    postgres: str, command: str, raised: type[Exception]
) -> None:
    connect(postgres.replace("postgresql:", "postgresql+psycopg:"))
    try:
        with pytest.raises(raised):
            await writing(lambda store: store.connection().exec_driver_sql(command))
    finally:
        await disconnect()


async def test_a_step_that_ends_while_its_database_is_gone_is_remembered_when_it_is_back(
    own_postgres: PostgresServer,
) -> None:
    gave: list[JsonValue] = []
    ran: list[str] = []
    ended = asyncio.Event()

    async def back() -> None:
        await asyncio.sleep(BRIEFLY)
        await asyncio.to_thread(own_postgres.start)

    async def work() -> JsonValue:
        ran.append("work")
        await asyncio.to_thread(own_postgres.stop)
        coming.append(asyncio.create_task(back()))
        return "done"

    async def execute(_run: Run, recorder: Recorder) -> Ended:
        gave.append(await recorder.step("away", work))
        ended.set()
        return "finished"

    coming: list[asyncio.Task[None]] = []
    address = new_database(own_postgres.address)
    engine = durable.DurableEngine(
        address.replace("postgresql:", "postgresql+psycopg:"), new_id(), execute, works=True, is_alone=True
    )
    await engine.open()
    try:
        await engine.submit(Run(new_id(), new_id()))
        async with asyncio.timeout(PATIENCE):
            await ended.wait()
        await asyncio.gather(*coming)
        assert (gave, ran) == (["done"], ["work"])
    finally:
        await engine.close()


QUIET = 10.0
"""Seconds in which a server with a damaged session says little."""
FEW = 200
"""Lines of its log then, with the program's start and a few tracebacks."""


def poison(address: str, session: str) -> None:
    """Put an event nobody can read at the end of a session's log."""
    with psycopg.connect(address) as database:
        database.execute("UPDATE sessions SET last_seq = last_seq + 1 WHERE id = %s", [session])
        database.execute(
            """INSERT INTO events (session_id, seq, key, turn_id, type, body, at)
            SELECT id, last_seq, 'poison/' || id, turn_id, '?', '{"type": "?"}', now()
            FROM sessions WHERE id = %s""",
            [session],
        )


@pytest.mark.xdist_group("durable-standing")
async def test_a_session_with_a_damaged_event_is_told_so_and_hinders_no_other(standing: Cluster) -> None:
    name = next(names)
    async with calling(standing) as caller:
        damaged, whole = await caller.session(), await caller.session()
        async with watching(caller, damaged) as screens:
            await caller.prompt(damaged, {"name": name, "steps": [calls("effect_asked", name, 0.1)]})
            approval = await question(screens[0])
        poison(standing.database, damaged)
        standing.kill("all")
        before = len((standing.data / "log").read_text().splitlines())
        await caller.start("all")
        until = time.monotonic() + QUIET
        api = await caller.someone()
        async with watching(caller, whole) as screens, healthy(caller):
            turn_id = await caller.prompt(whole, {"name": next(names), "steps": []})
            assert reason(await lawful(standing, screens, turn_id)) == ("end_turn", "")
            told = await caller.client.get(f"{api}/sessions/{damaged}")
            assert told.status_code == BUSY
            stream = await caller.client.get(f"{api}/sessions/{damaged}/events")
            for body in (told.text, stream.text):
                assert '"event_damaged"' in body
                assert "cannot be read back" in body
            answer = {"type": "Answer", "approval_id": approval, "answer": "allow_once"}
            answered = await caller.client.post(f"{api}/sessions/{damaged}/commands", json=answer)
            assert answered.status_code in {202, BUSY}
            await asyncio.sleep(until - time.monotonic())
            turn_id = await caller.prompt(whole, {"name": next(names), "steps": []})
            assert reason(await lawful(standing, screens, turn_id)) == ("end_turn", "")
        assert not standing.effects.of(name, "START")
        assert standing.programs["all"].running.poll() is None
        assert len((standing.data / "log").read_text().splitlines()) - before < FEW


@pytest.mark.xdist_group("durable-standing")
async def test_a_session_deleted_while_its_tool_runs_stops_and_goes_on_with_nothing(
    standing: Cluster,
) -> None:
    name, waiting = next(names), next(names)
    async with calling(standing) as caller:
        session = await caller.session()
        async with watching(caller, session, 2) as screens:
            script = {"name": name, "steps": [calls("effect_once", name, 30), {"say": 1}]}
            turn_id = await caller.prompt(session, script)
            await standing.effects.first("START", name)
            await caller.prompt(session, {"name": waiting, "steps": []})
            gone = await caller.client.delete(f"{await caller.someone()}/sessions/{session}")
            assert gone.status_code == httpx2.codes.NO_CONTENT
            await standing.effects.first("STOPPED", name)
            records = await lawful(standing, screens, turn_id)
        assert (reason(records)[0], outcomes(records)) == ("cancelled", ["cancelled"])
        assert log(standing.database, session)[-1].type in {"TurnFinished", "PromptDropped"}
        assert not standing.effects.of(f"{name}/1", "MODEL")
        assert not standing.effects.of(f"{waiting}/0", "MODEL")
