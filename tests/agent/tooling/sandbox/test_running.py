"""Commands that run without a sandbox: what they say, what they are told, and their end."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from agent.store.columns import new_id
from agent.tooling.processes import marked
from agent.tooling.sandbox import Confinement, Ending, Limits, Program, run, start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="commands run on Linux only")


@pytest.fixture
def free(tmp_path: Path) -> Confinement:
    """Outside of the sandbox, so that root may run it too; in a session of its own."""
    return Confinement(workspace=tmp_path, is_bypassed=True, session_id=new_id())


def limited(free: Confinement, **limits: float) -> Confinement:
    return free.model_copy(update={"limits": Limits.model_validate(limits)})


def running(confinement: Confinement) -> list[int]:
    """The processes of a session that have not ended."""
    ((name, value),) = marked(confinement.session_id).items()
    found: list[int] = []
    for each in psutil.process_iter():
        try:
            if each.environ().get(name) == value and each.status() != psutil.STATUS_ZOMBIE:
                found.append(each.pid)
        except psutil.Error:
            continue
    return found


def are_gone(confinement: Confinement, seconds: float) -> bool:
    """Whether no process of a session is left within some seconds."""
    deadline = time.monotonic() + seconds
    while running(confinement):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


async def everything(program: Program) -> dict[str, bytes]:
    said = {"out": b"", "error": b""}
    async for channel, some in program.output():
        said[channel] += some
    return said


async def test_what_a_command_says_comes_in_its_order(free: Confinement) -> None:
    said, ending = await run("echo one; echo two >&2; echo three", free)
    assert said == b"one\ntwo\nthree\n"
    assert (ending.exit_code, ending.reason, ending.produced, ending.backend) == (0, "exit", 14, "bypassed")


async def test_complaints_can_be_told_apart(free: Confinement) -> None:
    async with start("echo one; echo two >&2", free, joined=False) as program:
        assert await everything(program) == {"out": b"one\n", "error": b"two\n"}


async def test_output_comes_while_the_command_runs(free: Confinement) -> None:
    async with start("echo here; exec sleep 60", free) as program:
        assert await anext(aiter(program.output())) == ("out", b"here\n")


async def test_a_command_reads_what_it_is_given(free: Confinement) -> None:
    async with start(["cat"], free, takes_input=True) as program:
        content = os.urandom(300_000)
        work = asyncio.create_task(program.write(content))
        read = b""
        async for _, some in program.output():
            read += some
            if len(read) == len(content):
                program.end_input()
        await work
        assert read == content
        assert (await program.ended()).exit_code == 0


async def test_a_command_without_input_finds_its_end(free: Confinement) -> None:
    async with start("cat; echo end", free) as program:
        with pytest.raises(BrokenPipeError):
            await program.write(b"x")
        program.end_input()
        assert (await everything(program))["out"] == b"end\n"


@pytest.mark.parametrize(
    ("line", "code", "number"), [("exit 7", 7, None), ("kill -9 $$", None, 9), ("nothinglikeit", 127, None)]
)
async def test_the_ending_says_how(
    line: str, code: int | None, number: int | None, free: Confinement
) -> None:
    _, ending = await run(line, free)
    assert (ending.exit_code, ending.signal, ending.reason) == (code, number, "exit")


async def test_a_program_that_is_not_there_is_told_and_not_run(free: Confinement) -> None:
    _, ending = await run(["/nothing/like/it"], free)
    assert (ending.reason, ending.exit_code) == ("broken", None)
    assert "FileNotFoundError" in ending.complaint


async def test_only_the_beginning_and_the_end_of_much_output_are_kept(free: Confinement) -> None:
    said, ending = await run("seq 100000", free, most=100)
    assert said.startswith(b"1\n2\n")
    assert said.endswith(b"99999\n100000\n")
    assert len(said) == 100
    assert ending.produced > 100_000


DAEMONS = """
setsid sleep 600 &
(setsid sh -c 'sleep 600 & sleep 600' &) &
echo up; sleep 600
"""


@pytest.mark.parametrize("way", ["stop", "leave", "cancel", "end"])
async def test_nothing_outlives_a_command(way: str, free: Confinement) -> None:
    ready = asyncio.Event()

    async def work() -> Ending | None:
        async with start(
            DAEMONS if way != "end" else DAEMONS.replace("sleep 600\n", "sleep 0.1\n"), free
        ) as program:
            said = program.output()
            await anext(said)
            ready.set()
            if way == "leave":
                return None
            if way == "stop":
                program.stop()
            async for _ in said:
                pass
            return await program.ended()

    task = asyncio.create_task(work())
    await ready.wait()
    began = time.monotonic()
    if way == "cancel":
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        ending = await task
        assert ending is None or ending.reason == {"stop": "stopped", "end": "exit"}[way]
    assert time.monotonic() - began < 1
    assert running(free) == []


async def test_a_command_that_holds_its_output_open_does_not_hang_the_call(free: Confinement) -> None:
    async with asyncio.timeout(5):
        said, ending = await run("setsid sleep 600 & echo end", free)
    assert (said, ending.reason) == (b"end\n", "exit")


async def test_who_is_not_read_has_to_wait(free: Confinement, tmp_path: Path) -> None:
    line = "i=0; while :; do head -c 65536 /dev/zero; i=$((i+1)); echo $i > count; done"
    async with start(line, free) as program:
        await anext(aiter(program.output()))
        await asyncio.sleep(0.2)
        assert int((tmp_path / "count").read_text() or 0) < 5
        program.stop()
        assert (await program.ended()).reason == "stopped"


async def test_two_commands_share_a_workspace(free: Confinement) -> None:
    async with start("echo one; exec sleep 600", free) as first:
        await anext(aiter(first.output()))
        said, _ = await run("echo two", free)
        assert said == b"two\n"
        assert len(running(free)) == 1


@pytest.mark.parametrize(
    ("line", "limits", "reason"),
    [
        ("sleep 60", {"wall": 0.2}, "wall"),
        ("yes", {"output_kill": 100_000}, "output"),
        ("while :; do :; done", {"cpu": 1}, "cpu"),
        ("dd if=/dev/zero of=big bs=1M count=40 2>&1; sleep 60", {"workspace_size": 8 << 20}, "disk"),
        ("mkdir d; seq 3000 | (cd d; xargs touch); sleep 60", {"workspace_files": 1000}, "disk"),
        (f"{sys.executable} -c 'x = bytearray(80 << 20); input()' < /dev/zero", {"memory": 60 << 20}, "exit"),
    ],
)
async def test_limits_end_a_command(
    line: str, limits: dict[str, float], reason: str, free: Confinement
) -> None:
    async with asyncio.timeout(10):
        _, ending = await run(line, limited(free, **limits))
    assert ending.reason == reason, ending
    assert ending.exit_code != 0
    assert running(free) == []


async def test_memory_of_several_processes_counts_together(free: Confinement) -> None:
    hold = f"{sys.executable} -c 'import time; x = bytearray(40 << 20); time.sleep(60)'"
    async with asyncio.timeout(10):
        _, ending = await run(f"{hold} & {hold} & {hold}", limited(free, memory=100 << 20))
    assert ending.reason == "memory"
    assert ending.peak > 100 << 20


async def test_too_many_tasks_end_a_command_whoever_it_runs_as(free: Confinement) -> None:
    line = "i=0; while [ $i -lt 40 ]; do sleep 60 & i=$((i+1)); done; wait"
    async with asyncio.timeout(10):
        said, ending = await run(line, limited(free, tasks=10))
    assert ending.reason == "tasks" or b"fork" in said  # root is not counted by the kernel, but by us


async def test_what_lay_in_the_workspace_before_does_not_count(free: Confinement, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * (4 << 20))
    _, ending = await run("sleep 0.3", limited(free, workspace_size=1 << 20))
    assert ending.reason == "exit"


async def test_a_killed_supervisor_takes_its_command_with_it(free: Confinement) -> None:
    async with start("echo up; setsid sleep 600 & sleep 600", free) as program:
        await anext(aiter(program.output()))
        os.kill(psutil.Process(running(free)[0]).ppid(), signal.SIGKILL)
        ending = await program.ended()
    assert (ending.reason, ending.complaint) == ("broken", "its supervisor is gone")
    assert running(free) == []


async def test_an_app_that_is_killed_takes_its_commands_with_it(free: Confinement) -> None:
    code = f"""
import asyncio, os, sys
sys.path.insert(0, {str(Path(__file__).parents[4])!r})
from agent.tooling.sandbox import Confinement, start
async def main():
    confinement = Confinement.model_validate({free.model_dump(mode="json")!r})
    async with start("setsid sleep 600 & echo up; sleep 600", confinement) as program:
        await anext(aiter(program.output()))
        os.kill(os.getpid(), 9)
asyncio.run(main())
"""
    app = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await app.wait() == -signal.SIGKILL
    assert await asyncio.to_thread(are_gone, free, 2.0)


async def test_no_descriptor_is_left(free: Confinement) -> None:
    await run("true", free)
    before = psutil.Process().num_fds()
    for _ in range(3):
        await run("true", free)
        async with start("cat", free, takes_input=True, joined=False):
            pass
    assert psutil.Process().num_fds() == before
