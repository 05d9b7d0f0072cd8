"""Real programs: those of a session are killed with all they started, others are left alone."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agent.store.columns import new_id
from agent.tooling.processes import marked, stop

WAITS = "import time; print('up', flush=True); time.sleep(600)"
FAMILY = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {WAITS!r}], start_new_session=True, stdout=subprocess.PIPE)
child.stdout.readline()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(child.pid, os.getpid(), flush=True)
        os.execv(sys.executable, [sys.executable, "-c", {WAITS!r}])
    os._exit(0)
os.wait()
import time; time.sleep(600)
"""
"""A program with a child in a session of its own, and a grandchild that belongs to nobody any more."""


class Programs:
    """What a test has started."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[str]] = []

    def start(self, code: str, session_id: str = "") -> tuple[subprocess.Popen[str], str]:
        """Start a program; gives its first line too."""
        environment = {**os.environ, **(marked(session_id) if session_id else {})}
        program = subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
        )
        self.started.append(program)
        assert program.stdout
        return program, program.stdout.readline()


@pytest.fixture
def programs() -> Iterator[Programs]:
    programs = Programs()
    yield programs
    for program in programs.started:
        program.kill()
        program.wait()
        assert program.stdout
        program.stdout.close()


@pytest.fixture
def mine() -> str:
    """A session of this test alone."""
    return new_id()


async def test_a_program_and_all_it_started_are_killed(programs: Programs, mine: str) -> None:
    program, pids = programs.start(FAMILY, mine)
    family = [psutil.Process(int(pid)) for pid in pids.split()]
    assert len(family) == 2
    assert await stop(mine) == 3
    assert program.wait(5) != 0
    for member in family:
        assert not member.is_running() or member.status() == psutil.STATUS_ZOMBIE


async def test_programs_of_others_run_on(programs: Programs, mine: str) -> None:
    own, _ = programs.start(WAITS, mine)
    others = [programs.start(WAITS, session_id)[0] for session_id in ("", f"{mine}2", f"x{mine}")]
    assert await stop(mine) == 1
    assert own.wait(5) != 0
    assert [other.poll() for other in others] == [None] * 3


async def test_where_nothing_runs_nothing_is_killed() -> None:
    assert await stop("nobody") == 0


async def test_a_program_that_has_ended_does_not_count(programs: Programs, mine: str) -> None:
    program, _ = programs.start("print('up')", mine)
    # It ends, and nobody asks how.
    await asyncio.to_thread(os.waitid, os.P_PID, program.pid, os.WEXITED | os.WNOWAIT)
    assert await stop(mine) == 0


async def test_we_ourselves_are_never_killed(programs: Programs, mine: str) -> None:
    code = f"""
import asyncio, sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from agent.tooling.processes import stop
print(asyncio.run(stop({mine!r})), flush=True)
"""
    program, told = programs.start(code, mine)
    assert told == "0\n"
    assert program.wait(10) == 0
