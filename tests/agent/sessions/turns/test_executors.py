"""Who lives, who is dead, and that a process knows it before the others do."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlmodel import col, select

from agent.config import Settings
from agent.core.identity import User
from agent.sessions.turns import executors
from agent.sessions.turns.executors import (
    SILENT,
    Executor,
    adopting,
    alive,
    began,
    bury,
    clock,
    here,
    is_gone,
    known,
)
from agent.store.columns import new_id
from agent.store.engine import reading, threaded, writing
from agent.store.sessions import ExecutorRow

LEASE = 2.0
on_postgres = pytest.mark.parametrize("emptied_database", ["postgresql"], indirect=True)
PROGRAM = f"""
import asyncio, sys
sys.path.insert(0, {str(Path(__file__).parents[4])!r})
from agent.sessions.turns.executors import Executor
from agent.store.engine import connect

async def main():
    connect(sys.argv[1])
    executor = Executor(sys.argv[1], {LEASE})
    await executor.join()
    print(executor.id, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def other(settings: Settings) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that works on turns, and its id."""
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, settings.database],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout
    yield program, program.stdout.readline().strip()
    program.kill()
    program.communicate()


def row(**fields: Any) -> ExecutorRow:
    return ExecutorRow(**{"beat_at": 0, "host": "", "pid": os.getpid(), "started_at": 0, **fields})


async def age(executor_id: str) -> float:
    """Seconds since a beat, by the database's clock."""
    return await reading(
        lambda store: store.exec(
            select(clock(store) - col(ExecutorRow.beat_at)).where(ExecutorRow.id == executor_id)
        ).one()
    )


async def test_who_joins_lives_at_once_and_who_leaves_is_dead_at_once(
    quiet: User, settings: Settings
) -> None:
    assert quiet
    executor = Executor(settings.database, LEASE)
    await executor.join()
    assert executor.id in await reading(lambda store: alive(store, LEASE))
    assert await age(executor.id) < LEASE
    await executor.leave()
    assert not any(thread.name.startswith("executor-") for thread in threading.enumerate())
    is_alive = executor.id in await reading(lambda store: alive(store, LEASE))
    assert is_alive == settings.database.startswith("sqlite")  # where one process alone has the file


@on_postgres
async def test_who_is_silent_for_too_long_is_dead(quiet: User, settings: Settings) -> None:
    assert quiet
    silent, beats = row(), row()
    await writing(lambda store: store.add_all([silent, beats]))
    await writing(lambda store: executors.beat(store, beats.id))
    assert await reading(lambda store: alive(store, LEASE) & {silent.id, beats.id}) == {beats.id}
    executor = Executor(settings.database, LEASE)
    assert await executor.sees_dead()
    await writing(lambda store: bury(store, {silent.id}))
    remaining = await reading(known)
    assert silent.id not in remaining
    assert beats.id in remaining
    assert not await writing(lambda store: executors.beat(store, silent.id))


@on_postgres
async def test_a_heart_beats_on_for_longer_than_the_lease(
    quiet: User, other: tuple[subprocess.Popen[str], str]
) -> None:
    assert quiet
    program, executor_id = other
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(LEASE * 1.5)
    assert await age(executor_id) < LEASE


@on_postgres
async def test_a_process_whose_heart_stands_still_ends_itself_before_others_take_over(
    quiet: User, other: tuple[subprocess.Popen[str], str], settings: Settings
) -> None:
    assert quiet
    program, executor_id = other
    with psycopg.connect(settings.database.replace("+psycopg", "")) as connection:
        connection.execute("SELECT 1 FROM executors WHERE id = %s FOR UPDATE", [executor_id])
        assert program.wait(10) == SILENT
        assert await age(executor_id) < LEASE
    assert program.stderr
    assert "must be started again" in program.stderr.read()


@on_postgres
async def test_a_buried_process_ends_itself_at_its_next_beat(
    quiet: User, other: tuple[subprocess.Popen[str], str]
) -> None:
    assert quiet
    program, executor_id = other
    await writing(lambda store: bury(store, {executor_id}))
    began_at = time.monotonic()
    assert program.wait(10) == SILENT
    assert time.monotonic() - began_at < LEASE


@on_postgres
async def test_a_process_that_was_frozen_and_buried_ends_itself_when_it_thaws(
    quiet: User, other: tuple[subprocess.Popen[str], str]
) -> None:
    assert quiet
    program, executor_id = other
    program.send_signal(signal.SIGSTOP)
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(LEASE)
    await writing(lambda store: bury(store, {executor_id}))
    program.send_signal(signal.SIGCONT)
    assert program.wait(LEASE) == SILENT


def test_a_process_of_this_machine_is_known_to_run_or_not() -> None:
    assert here()
    me = began(os.getpid())
    assert not is_gone(row(host=here(), started_at=me))
    assert is_gone(row(host=here(), started_at=me + 1))  # its id is used again
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        started = row(host=here(), pid=child.pid, started_at=began(child.pid))
        assert not is_gone(started)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert is_gone(started)  # a zombie runs no more
    assert is_gone(started)


def test_of_a_process_elsewhere_nothing_is_known() -> None:
    assert not is_gone(row(host="another", pid=1, started_at=1))
    assert not is_gone(row(host="", pid=1, started_at=1))


async def test_a_process_that_has_gone_is_dead_before_its_lease_is_over(
    quiet: User, settings: Settings
) -> None:
    assert quiet
    gone = row(host=here(), started_at=1)
    await writing(lambda store: store.add(gone))
    await writing(lambda store: executors.beat(store, gone.id))
    assert gone.id not in await reading(lambda store: alive(store, LEASE))
    assert await Executor(settings.database, LEASE).sees_dead()


async def test_one_process_at_a_time_goes_on_with_turns_of_the_dead(quiet: User, settings: Settings) -> None:
    assert quiet
    is_shared = not settings.database.startswith("sqlite")

    def work(database: Any) -> list[bool]:
        with adopting(database) as first, adopting(database) as second:
            found = [first, second]
        with adopting(database) as again:
            return [*found, again]

    assert await threaded(work) == [True, not is_shared, True]


async def test_an_unknown_executor_has_no_heart(quiet: User) -> None:
    assert quiet
    assert not await writing(lambda store: executors.beat(store, new_id()))
