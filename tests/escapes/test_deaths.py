"""Whoever ends, and however: nothing that it has started is left."""

import asyncio
import os
import signal
import time

import pytest

from agent.tooling import sandbox
from tests.escapes import apps
from tests.escapes.field import Field, working_in
from tests.escapes.trying import CONFINED

pytestmark = pytest.mark.unprivileged
EVERY = (*CONFINED, "bypassed")
BEATING = "while :; do echo x >> beat; sleep 0.02; done"
FAMILY = f"""
setsid sh -c '{BEATING}' > /dev/null 2>&1 &
(setsid env -i PATH="$PATH" nohup sh -c '{BEATING}' > /dev/null 2>&1 &)
(trap '' TERM HUP INT; sleep 60) &
echo begun > begun
sleep 60
"""
"""A command with daemons, of which one has forgotten whose it is."""


@pytest.mark.parametrize("backend", EVERY)
def test_nothing_is_left_when_the_app_is_killed(backend: str, field: Field) -> None:
    with apps.running(field, backend, FAMILY) as app:
        assert len(app.members()) >= 5
        app.process.kill()
        app.process.wait()
        assert app.gone_after(2), app.members()


@pytest.mark.parametrize("backend", EVERY)
def test_nothing_is_left_when_the_app_ends_in_the_middle(backend: str, field: Field) -> None:
    with apps.running(field, backend, FAMILY) as app:
        app.process.send_signal(signal.SIGTERM)
        app.process.wait()
        assert app.gone_after(2), app.members()


@pytest.mark.parametrize("backend", EVERY)
def test_a_command_does_not_need_the_spawner_any_more(backend: str, field: Field) -> None:
    line = "echo begun > begun; sleep 0.5; echo said"
    with apps.running(field, backend, line) as app:
        os.kill(app.spawner, signal.SIGKILL)
        assert app.process.stdout
        assert app.process.stdout.read().split() == [b"said", b"exit"]
        assert app.gone_after(2), app.members()


@pytest.mark.parametrize("backend", EVERY)
def test_nothing_is_left_when_app_and_spawner_are_killed(backend: str, field: Field) -> None:
    with apps.running(field, backend, FAMILY) as app:
        os.kill(app.spawner, signal.SIGKILL)
        app.process.kill()
        app.process.wait()
        assert app.gone_after(2), app.members()


@pytest.mark.parametrize("backend", EVERY)
async def test_the_next_command_finds_another_spawner(backend: sandbox.Backend, field: Field) -> None:
    confinement = sandbox.Confinement(workspace=field.workspace)
    for _ in range(2):
        output, ending = await sandbox.run("echo said", confinement, backend=backend)
        assert (output, ending.reason) == (b"said\n", "exit")
        pid = sandbox.spawner.pid
        assert pid
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("backend", EVERY)
async def test_nothing_is_left_when_it_is_cancelled(backend: sandbox.Backend, field: Field) -> None:
    confinement = sandbox.Confinement(workspace=field.workspace)
    work = asyncio.create_task(sandbox.run(FAMILY, confinement, backend=backend))
    await asyncio.to_thread(apps.wait_for, field.workspace / "begun")
    began = time.monotonic()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert time.monotonic() - began < 1
    assert working_in(field.workspace) == []


@pytest.mark.parametrize("backend", EVERY)
async def test_nothing_is_left_when_it_is_stopped(backend: sandbox.Backend, field: Field) -> None:
    confinement = sandbox.Confinement(workspace=field.workspace)
    async with sandbox.start(FAMILY, confinement, backend=backend) as program:
        await asyncio.to_thread(apps.wait_for, field.workspace / "begun")
        program.stop()
        assert (await program.ended()).reason == "stopped"
        assert working_in(field.workspace) == []
