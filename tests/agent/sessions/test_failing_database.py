"""A database that is locked, full or gone in mid-turn."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event

from agent import sessions
from agent.core.commands import DropPrompt
from agent.core.errors import Unavailable
from agent.core.events import Event, Noticed, PromptQueued, TurnFinished, TurnStarted
from agent.core.history import messages
from agent.core.identity import Session, User
from agent.core.messages import Text, ToolCall
from agent.core.provider import Request
from agent.sessions.turns import supervisor
from agent.sessions.turns import turn as running
from agent.store import engine
from tests.agent.sessions.puppet import Puppet, Said, step
from tests.agent.sessions.talk import events, finished, heard_until, next_of, say, sqlite_only, turn
from tests.agent.test_loop import assert_calls_have_one_result


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", 20)
    monkeypatch.setattr(supervisor, "ROUND", 0.5)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Somebody else writes and does not finish."""
    connection = sqlite3.connect(folder / "app.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """No page may be added."""

    pages = {"most": 1}  # the size it has

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages['most']}")

    assert (folder / "app.db").exists()
    event.listen(engine._engines[-1], "checkout", limit)
    try:
        yield
    finally:
        pages["most"] = 2**30


class Gate:
    """A model that lets the test act in the middle of its turn, and calls a tool."""

    def __init__(self, puppet: Puppet) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        puppet.plays = {"gate": self.play}

    async def play(self, request: Request) -> Said:
        if request.messages[-1].role == "user" and len(request.messages) % 4 == 1:
            self.reached.set()
            await self.open.wait()
            # Large enough to need pages of its own.
            calls = [ToolCall(id=name, name="list_directory", arguments={"path": "."}) for name in "ab"]
            yield step(Text(text="x" * 20_000), *calls, stop="tool_use")
        else:
            yield step(Text(text="Done"))


@pytest.fixture
def gate(puppet: Puppet) -> Gate:
    return Gate(puppet)


@pytest.fixture
async def gated(owner: User, gate: Gate) -> Session:
    assert not gate.reached.is_set()
    return await sessions.create(owner, name="gated", model="puppet:gate")


@sqlite_only
@pytest.mark.parametrize("trouble", [locked, full])
async def test_a_database_that_comes_back_has_lost_nothing(
    owner: User, gated: Session, gate: Gate, tmp_path: Path, trouble: object
) -> None:
    assert callable(trouble)
    async with await sessions.follow(owner, gated.id) as following:
        turn_id = await say(owner, gated, "Go")
        await gate.reached.wait()
        with trouble(tmp_path):
            gate.open.set()
            assert (await next_of(following, Noticed)).code == "storage_waiting"
            with pytest.raises(Unavailable):
                await say(owner, gated, "Also " + "x" * 20_000)
        heard = await heard_until(following, lambda heard: isinstance(heard, TurnFinished))
    assert isinstance(heard[-1][1], TurnFinished)
    assert (heard[-1][1].turn_id, heard[-1][1].reason) == (turn_id, "end_turn")
    happened = await events(gated)
    assert [event.type for event in happened] == [
        "TurnStarted",
        "StepFinished",
        *["ToolCallStarted"] * 2,
        *["ToolCallFinished"] * 2,
        "StepFinished",
        "TurnFinished",
    ]
    assert_calls_have_one_result(messages(happened))


@sqlite_only
async def test_a_turn_goes_on_when_a_database_that_stayed_away_is_back(
    owner: User, gated: Session, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "STORE_PATIENCE", 0.05)
    async with await sessions.follow(owner, gated.id) as following:
        cut = await say(owner, gated, "Go")
        await gate.reached.wait()
        with locked(tmp_path):
            gate.open.set()
            await heard_until(
                following, lambda heard: isinstance(heard, Noticed) and heard.code == "storage_failed"
            )
            with pytest.raises(Unavailable):
                await say(owner, gated, "Go on")
    assert [event.type for event in await turn(owner, gated, "Go on")][-1] == "TurnFinished"
    happened = await events(gated)
    ended = [(event.turn_id, event.reason) for event in happened if isinstance(event, TurnFinished)]
    assert ended[0] == (cut, "end_turn")
    begun_and_ended = [type(event) for event in happened if isinstance(event, TurnStarted | TurnFinished)]
    assert begun_and_ended == [TurnStarted, TurnFinished] * 2
    assert_calls_have_one_result(messages(happened))


@sqlite_only
async def test_a_queued_prompt_outlives_a_database_that_stays_away(
    owner: User, gated: Session, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "STORE_PATIENCE", 0.05)
    async with await sessions.follow(owner, gated.id) as following:
        turns = [await say(owner, gated, "Go"), await say(owner, gated, "And on")]
        await gate.reached.wait()
        with locked(tmp_path):
            gate.open.set()
            await heard_until(
                following, lambda heard: isinstance(heard, Noticed) and heard.code == "storage_failed"
            )
    assert (await finished(owner, gated, turns[1])).reason == "end_turn"
    happened: list[Event] = await events(gated)
    assert [event.turn_id for event in happened if isinstance(event, TurnStarted)] == turns
    assert [event.turn_id for event in happened if isinstance(event, TurnFinished)] == turns
    assert sum(isinstance(event, PromptQueued) for event in happened) == 1


@sqlite_only
async def test_a_prompt_waits_on_when_its_drop_cannot_be_stored(
    owner: User, gated: Session, gate: Gate, tmp_path: Path
) -> None:
    turns = [await say(owner, gated, words) for words in ("Go", "And on", "And on")]
    await gate.reached.wait()
    with locked(tmp_path), pytest.raises(Unavailable):
        await sessions.submit(owner, gated.id, DropPrompt(prompt_id=turns[1]))
    gate.open.set()
    await finished(owner, gated, turns[-1])
    assert [event.turn_id for event in await events(gated) if isinstance(event, TurnStarted)] == turns


@sqlite_only
async def test_a_prompt_that_cannot_be_stored_is_not_accepted(
    owner: User, gated: Session, tmp_path: Path
) -> None:
    with locked(tmp_path), pytest.raises(Unavailable) as told:
        await say(owner, gated, "Go")
    assert told.value.code == "database"
    assert await events(gated) == []


@pytest.mark.parametrize("emptied_database", ["postgresql"], indirect=True)
async def test_connections_that_are_cut_in_mid_turn_lose_nothing(
    owner: User, gated: Session, gate: Gate, emptied_database: str
) -> None:
    turn_id = await say(owner, gated, "Go")
    await gate.reached.wait()
    async with await psycopg.AsyncConnection.connect(emptied_database) as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    gate.open.set()
    assert (await finished(owner, gated, turn_id)).reason == "end_turn"
    assert_calls_have_one_result(messages(await events(gated)))
