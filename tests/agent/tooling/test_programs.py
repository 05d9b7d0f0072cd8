"""What tools start for a session, in a sandbox that really confines it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent import sessions, tooling
from agent.core.errors import ToolFailed
from agent.core.identity import Session, User
from agent.tooling import background, programs
from agent.tooling.tools.shell import shell
from tests.agent.sessions.talk import sqlite_only

pytestmark = pytest.mark.unprivileged


@pytest.fixture
async def session(owner: User) -> AsyncIterator[Session]:
    yield await sessions.create(owner, mode="auto")
    await tooling.close()


async def run(owner: User, session: Session, command: str, **more: Any) -> str:
    arguments = {"command": command, **more}
    return (await tooling.execute(owner, session, "shell", arguments)).text


@sqlite_only
async def test_a_command_works_in_the_workspace(owner: User, session: Session) -> None:
    assert await run(owner, session, "printf 'a\\nb\\n' > made.txt; cat made.txt | wc -l") == "2"
    assert (Path(session.workspace) / "made.txt").read_text() == "a\nb\n"


@sqlite_only
@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("true", "[It wrote nothing.]"),
        ("echo out; echo err >&2; exit 3", "out\nerr\n\n[Exit code 3 after"),
        ("kill -9 $$", "[Ended by signal 9 after"),
        ("no-such-program", "not found"),
        ("cat; echo no input", "no input"),
        ("printf '\\033[31mred\\033[0m\\n'", "red"),
        ("[[ a == a ]] && echo bash", "bash"),
    ],
)
async def test_its_output_and_its_end_are_told(
    owner: User, session: Session, command: str, told: str
) -> None:
    assert told in await run(owner, session, command)


@sqlite_only
async def test_s35_it_reaches_no_network_and_no_files_of_others(owner: User, session: Session) -> None:
    assert "[Exit code" in await run(owner, session, "exec 3<>/dev/tcp/127.0.0.1/22")
    folder = Path(session.workspace).parent.parent
    (folder / "secret").write_text("canary")
    assert "canary" not in await run(owner, session, f"cat {folder}/secret")


@sqlite_only
async def test_in_plan_mode_it_changes_nothing(owner: User, session: Session) -> None:
    planning = session.model_copy(update={"mode": "plan"})
    told = await run(owner, planning, "touch made.txt; echo private > /tmp/mine && cat /tmp/mine")
    assert "private" in told
    assert not (Path(session.workspace) / "made.txt").exists()


@sqlite_only
async def test_output_is_heard_while_it_runs(owner: User, session: Session) -> None:
    heard: list[str] = []
    came = asyncio.Event()

    def say(text: str) -> None:
        heard.append(text)
        came.set()

    means = tooling.Means(say=say)
    arguments = {"command": "echo first; while [ ! -e go ]; do sleep 0.02; done; echo second"}
    running = asyncio.ensure_future(tooling.execute(owner, session, "shell", arguments, means))
    async with asyncio.timeout(20):
        await came.wait()
        assert heard == ["first\n"]
        (Path(session.workspace) / "go").touch()
        assert (await running).text == "first\nsecond"
    assert "".join(heard) == "first\nsecond\n"


@sqlite_only
async def test_who_writes_nothing_for_too_long_is_stopped(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "QUIET", 0.5)
    told = await run(owner, session, "echo before; sleep 60; echo after")
    assert told.startswith("before")
    assert "Stopped: it wrote nothing" in told
    assert "after" not in told.splitlines()


@sqlite_only
async def test_a_flood_is_stopped_and_its_ends_are_kept(owner: User, session: Session) -> None:
    told = await run(owner, session, "echo begin; yes | head -c 100000000; echo end")
    assert told.startswith("begin\ny\n")
    assert "Stopped: it wrote too much." in told
    assert len(told) <= 40_000


@sqlite_only
async def test_cancelling_ends_the_whole_tree(owner: User, session: Session) -> None:
    beat = Path(session.workspace) / "beat"
    command = "(setsid sh -c 'while :; do date +%s%N > beat; sleep 0.02; done' >/dev/null 2>&1 &); sleep 60"
    running = asyncio.ensure_future(tooling.execute(owner, session, "shell", {"command": command}))
    async with asyncio.timeout(20):
        while not beat.exists():  # noqa: ASYNC110  a program in a sandbox can set no event of ours
            await asyncio.sleep(0.02)
    running.cancel()
    async with asyncio.timeout(1.5):
        await asyncio.wait({running})
    last = beat.read_text()
    await asyncio.sleep(0.2)
    assert beat.read_text() == last


@sqlite_only
async def test_a_bypass_holds_from_the_next_call_on_and_is_clean(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "in the environment of the server")
    folder = Path(session.workspace).parent.parent
    (folder / "outside").write_text("outside\n")
    look = f"cat {folder}/outside; env"
    assert "outside\n" not in await run(owner, session, look)
    await tooling.change_permission(owner, "shell", tooling.PermissionChanges(sandbox_bypassed=True))
    told = await run(owner, session, look)
    assert "outside\n" in told
    assert "CANARY" not in told
    await tooling.change_permission(owner, "shell", tooling.PermissionChanges(sandbox_bypassed=False))
    assert "outside\n" not in await run(owner, session, look)


@sqlite_only
async def test_a_job_runs_beside_is_read_and_stopped(owner: User, session: Session) -> None:
    command = "echo up; while :; do date +%s%N > beat; sleep 0.02; done"
    assert "Job 1 runs." in await run(owner, session, command, background=True)

    async def jobs(**arguments: Any) -> str:
        return (await tooling.execute(owner, session, "shell_jobs", arguments)).text

    async with asyncio.timeout(20):
        while not (await jobs(action="tail", job=1)).endswith("\n\nup\n"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert (await jobs()).startswith("1. running: echo up")
    assert "told to stop" in await jobs(action="stop", job=1)
    async with asyncio.timeout(5):
        while "running" in await jobs():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    beat = Path(session.workspace) / "beat"
    last = beat.read_text()
    await asyncio.sleep(0.2)
    assert beat.read_text() == last
    assert "ended (stopped)" in await jobs()
    with pytest.raises(ToolFailed, match="no job 7"):
        await jobs(action="tail", job=7)


@sqlite_only
async def test_a_job_that_ends_says_how(owner: User, session: Session) -> None:
    await run(owner, session, "echo done; exit 4", background=True)
    async with asyncio.timeout(20):
        while (await tooling.jobs(owner, session))[0].state == "running":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    [job] = await tooling.jobs(owner, session)
    assert (job.state, job.reason, job.exit_code, job.tail) == ("ended", "exit", 4, "done\n")


@sqlite_only
async def test_too_many_jobs_are_refused(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "MOST_RUNNING", 1)
    await run(owner, session, "sleep 60", background=True)
    with pytest.raises(ToolFailed, match="1 jobs run already"):
        await run(owner, session, "sleep 60", background=True)


@sqlite_only
async def test_a_deleted_session_leaves_no_job(owner: User, session: Session) -> None:
    await run(owner, session, "while :; do date +%s%N > beat; sleep 0.02; done", background=True)
    await sessions.delete(owner, session.id)
    beat = Path(session.workspace) / "beat"
    async with asyncio.timeout(5):
        while (await tooling.jobs(owner, session))[0].state == "running":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    last = beat.read_text() if beat.exists() else ""
    await asyncio.sleep(0.2)
    assert (beat.read_text() if beat.exists() else "") == last


@sqlite_only
async def test_a_job_of_a_server_that_is_gone_is_lost(owner: User, session: Session) -> None:
    job = await background.begin(session.id, "sleep 60", programs.confined(session, is_bypassed=False))
    assert job.started_at <= datetime.now(UTC)
    for task in list(background._tasks):
        task.cancel()
    await asyncio.gather(*background._tasks, return_exceptions=True)
    [ended] = await tooling.jobs(owner, session)
    assert (ended.state, ended.reason) == ("ended", "stopped")


def test_the_line_is_what_the_model_is_told() -> None:
    assert "background" in shell.definition.parameters["properties"]  # pyright: ignore[reportOperatorIssue]
