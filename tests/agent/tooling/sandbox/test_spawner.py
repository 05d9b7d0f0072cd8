"""The spawner comes when it is needed, comes back when it was killed, and goes with us."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from agent.tooling.sandbox import Confinement, run
from agent.tooling.sandbox.pipes import Incoming
from agent.tooling.sandbox.spawner import Spawner, spawner
from agent.tooling.spawning import spawn

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="commands run on Linux only")


@pytest.fixture
async def own() -> AsyncIterator[Spawner]:
    made = Spawner()
    yield made
    await made.close()


async def test_nothing_is_started_before_it_is_needed(own: Spawner) -> None:
    assert own.pid is None
    await own.close()


async def test_it_ends_when_it_is_closed_and_leaves_no_dead_behind(own: Spawner) -> None:
    await _ask(own)
    pid = own.pid
    assert pid
    await own.close()
    assert not psutil.pid_exists(pid)


async def test_it_keeps_nothing_of_a_request(own: Spawner) -> None:
    await _ask(own)
    assert own.pid
    before = psutil.Process(own.pid).num_fds()
    for _ in range(5):
        await _ask(own)
    assert psutil.Process(own.pid).num_fds() == before


async def test_a_command_runs_though_the_spawner_was_killed(tmp_path: Path) -> None:
    confinement = Confinement(workspace=tmp_path, is_bypassed=True)
    await run("true", confinement)
    for _ in range(3):
        assert spawner.pid
        os.kill(spawner.pid, signal.SIGKILL)
        said, ending = await run("echo here", confinement)
        assert (said, ending.reason) == (b"here\n", "exit")


async def test_it_ends_with_an_app_that_is_killed() -> None:
    code = (
        "import asyncio, os, sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[4])!r})\n"
        "from agent.tooling.sandbox.spawner import spawner\n"
        "r, w = os.pipe()\n"
        "asyncio.run(spawner.request([r] * 6))\n"
        "print(spawner.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    app = await spawn([sys.executable, "-c", code])
    said, _ = await app.communicate()
    assert app.returncode == -signal.SIGKILL
    try:
        psutil.Process(int(said)).wait(5)
    except psutil.NoSuchProcess:
        return


async def _ask(own: Spawner) -> None:
    """A request that leads to nothing, as its configuration is none; over when nobody holds it any more."""
    reading, given = os.pipe()
    await own.request([given] * 6)
    os.close(given)
    pipe = Incoming(reading)
    while await pipe.read():
        pass
    pipe.close()
