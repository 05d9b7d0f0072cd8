"""Commands are confined, and all is tidied up after them."""

import asyncio
import sys
import tempfile
from pathlib import Path

import pytest

from agent.tooling.sandbox import Confinement, NoSandbox, Refused, choosing, roots, run, scratch, start
from agent.tooling.sandbox.choosing import Choice
from agent.tooling.sandbox.confinement import Backend

CONFINED: list[Backend] = ["bubblewrap", "landlock"]
ATTEMPT = "echo changed > file; echo new > new; chmod 777 file; rm -f other; touch -d 2001-01-01 file"


@pytest.fixture
def confinement(tmp_path: Path) -> Confinement:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return Confinement(workspace=workspace)


async def test_a_workspace_that_is_gone_is_refused(confinement: Confinement) -> None:
    confinement.workspace.rmdir()
    with pytest.raises(Refused, match="gone"):
        await run("true", confinement, backend="bypassed")


async def test_nothing_is_left_of_a_refused_command(
    confinement: Confinement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(confinement.workspace.parent))
    (confinement.workspace / ".env").symlink_to("/etc/passwd")
    with pytest.raises(Refused, match=r"^\.env in the workspace is a symbolic link"):
        await run("true", confinement, backend="bubblewrap")
    assert list(scratch.place().iterdir()) == []


async def test_without_a_sandbox_nothing_runs(
    confinement: Confinement, monkeypatch: pytest.MonkeyPatch
) -> None:
    chooser = choosing.Chooser()
    chooser.found = Choice(backend=None, report={"bubblewrap": ("it leaks",)})
    monkeypatch.setattr("agent.tooling.sandbox.chooser", chooser)
    with pytest.raises(NoSandbox, match="it leaks"):
        await run("touch file", confinement)
    assert list(confinement.workspace.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="commands run on Linux only")
async def test_one_who_bypasses_the_sandbox_needs_none(confinement: Confinement) -> None:
    said, ending = await run("pwd", confinement.model_copy(update={"is_bypassed": True}))
    assert (said.decode().strip(), ending.backend) == (str(confinement.workspace), "bypassed")


@pytest.mark.unprivileged
@pytest.mark.parametrize("backend", CONFINED)
class TestConfined:
    async def test_developers_find_what_they_need(self, backend: Backend, confinement: Confinement) -> None:
        line = (
            "set -e; git init -q . && echo a > a && git add a && git commit -qm one && git log --format=%an; "
            "echo $((6*7)) | cat; cat <<< here; echo x > $HOME/own; echo x > $TMPDIR/own; "
            "python3 -c 'print(sum(range(4)))'; printf 'all:\\n\\t@echo made\\n' > Makefile; make; "
            "date > /dev/null"
        )
        said, ending = await run(line, confinement, backend=backend)
        assert said.decode().split() == ["Maestro", "42", "here", "6", "made"]
        assert (ending.exit_code, ending.backend) == (0, backend)

    async def test_nothing_is_left_but_what_the_command_made(
        self, backend: Backend, confinement: Confinement, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(confinement.workspace.parent))
        await run("echo x > made; echo x > $TMPDIR/own; echo x > $HOME/own", confinement, backend=backend)
        assert [path.name for path in confinement.workspace.iterdir()] == ["made"]
        assert list(scratch.place().iterdir()) == []

    async def test_a_read_only_workspace_stays_as_it_is(
        self, backend: Backend, confinement: Confinement
    ) -> None:
        for name in ("file", "other"):
            (confinement.workspace / name).write_text("mine")
        before = {path.name: path.stat() for path in confinement.workspace.iterdir()}
        reading = confinement.model_copy(update={"is_read_only": True})
        await run(ATTEMPT, reading, backend=backend)
        after = {path.name: path.stat() for path in confinement.workspace.iterdir()}
        assert {name: (found.st_mode, found.st_mtime, found.st_size) for name, found in after.items()} == {
            name: (found.st_mode, found.st_mtime, found.st_size) for name, found in before.items()
        }
        said, _ = await run("cat file; echo x > $TMPDIR/a && cat $TMPDIR/a", reading, backend=backend)
        assert said == b"minex\n"

    async def test_the_same_changes_a_workspace_that_may_be_changed(
        self, backend: Backend, confinement: Confinement
    ) -> None:
        for name in ("file", "other"):
            (confinement.workspace / name).write_text("mine")
        await run(ATTEMPT, confinement, backend=backend)
        assert sorted(path.name for path in confinement.workspace.iterdir()) == ["file", "new"]
        assert (confinement.workspace / "file").stat().st_mode & 0o777 == 0o777

    async def test_what_others_trust_is_as_it_was(self, backend: Backend, confinement: Confinement) -> None:
        (confinement.workspace / ".git" / "hooks").mkdir(parents=True)
        (confinement.workspace / ".env").write_text("A=1")
        line = (
            "echo evil > .git/hooks/pre-commit; echo evil > .git/config; echo ../evil > .git/commondir; "
            "echo evil > .env; mkdir -p .vscode; echo evil > .vscode/tasks.json; "
            "mv .git old; mkdir -p .git/hooks; true"
        )
        _, ending = await run(line, confinement, backend=backend)
        assert ending.exit_code == 0
        assert (confinement.workspace / ".env").read_text() == "A=1"
        left = {
            path.relative_to(confinement.workspace).as_posix() for path in confinement.workspace.rglob("*")
        }
        assert left - {"old"} <= {
            ".env",
            ".git",
            ".git/hooks",
            "old/hooks",
            "old/commondir",
            "old/config",
            "old/hooks/pre-commit",
        }
        assert not list((confinement.workspace / ".git").rglob("pre-commit"))
        assert not (confinement.workspace / ".git" / "commondir").exists()

    async def test_a_command_meets_its_limits(self, backend: Backend, confinement: Confinement) -> None:
        limits = {"wall": 0.3, "tasks": 16}
        limited = Confinement.model_validate({**confinement.model_dump(), "limits": limits})
        _, ending = await run("setsid sleep 600 & sleep 600", limited, backend=backend)
        assert ending.reason == "wall"

    async def test_two_commands_at_once_keep_each_other_covered(
        self, backend: Backend, confinement: Confinement
    ) -> None:
        async with start(
            "echo up; read x; echo evil > .env; echo done", confinement, backend=backend, takes_input=True
        ) as first:
            said = first.output()
            await anext(said)
            await run("true", confinement, backend=backend)
            await first.write(b"\n")
            async for _ in said:
                pass
        assert not (confinement.workspace / ".env").exists()


@pytest.mark.unprivileged
async def test_a_sandbox_that_cannot_be_set_up_is_no_failed_command(
    confinement: Confinement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roots, "programs", lambda: (Path("/nothing/like/it"),))
    said, ending = await run("true", confinement, backend="bubblewrap")
    assert (ending.reason, ending.complaint) == ("broken", "the sandbox could not be set up")
    assert b"bwrap:" in said


@pytest.mark.unprivileged
async def test_landlock_refuses_to_reach_some_hosts_only(confinement: Confinement) -> None:
    with pytest.raises(Refused, match="no network"):
        await run("true", confinement.model_copy(update={"hosts": ("example.org",)}), backend="landlock")


@pytest.mark.unprivileged
async def test_a_command_that_is_cancelled_leaves_nothing(confinement: Confinement) -> None:
    ready = asyncio.Event()

    async def work() -> None:
        async with start("echo x > up; echo up; sleep 600", confinement, backend="bubblewrap") as program:
            async for _ in program.output():
                ready.set()

    running = asyncio.create_task(work())
    await ready.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [path.name for path in confinement.workspace.iterdir()] == ["up"]
