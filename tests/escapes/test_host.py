"""What a workspace, a variable or a neighbour tries on the side that starts a command."""

import asyncio
import os
import re
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from agent.tooling import sandbox
from tests.escapes.field import Field, beneath, looks, working_in
from tests.escapes.trying import CONFINED, PATIENCE

pytestmark = [
    pytest.mark.unprivileged,
    pytest.mark.parametrize("backend", CONFINED),
]
QUICK = sandbox.Limits(wall=PATIENCE)
ATTACK = "echo evil > .git/hooks/pre-commit; echo evil > .mcp.json; echo evil > .agent/rules.md"
ROOT = Path(__file__).parents[2]
EVIL = "import pathlib; pathlib.Path({!r}).touch()\n"


def within(workspace: Path, **more: object) -> sandbox.Confinement:
    return sandbox.Confinement.model_validate({"workspace": workspace, "limits": QUICK, **more})


async def said(line: str | list[str], confinement: sandbox.Confinement, backend: sandbox.Backend) -> str:
    output, _ = await sandbox.run(line, confinement, backend=backend)
    return output.decode(errors="replace")


async def test_the_end_of_one_command_uncovers_nothing_of_another(
    backend: sandbox.Backend, field: Field
) -> None:
    confinement = within(field.workspace)
    line = f"echo begun; while ! test -e go; do sleep 0.02; done; {ATTACK}"
    async with sandbox.start(line, confinement, backend=backend) as longer:
        outputs = longer.output()
        assert (await anext(outputs))[1] == b"begun\n"
        for _ in range(3):
            await said("true", confinement, backend)
        (field.workspace / "go").touch()
        rest = b"".join([some async for _, some in outputs])
        assert backend == "landlock" or len(rest.splitlines()) == 3, "all three were refused at once"
    assert field.changes() == []


async def test_many_commands_share_a_workspace(backend: sandbox.Backend, field: Field) -> None:
    confinement = within(field.workspace)
    lines = [f"echo {number} > f{number}; sleep 0.1; {ATTACK}" for number in range(6)]
    await asyncio.gather(*(said(line, confinement, backend) for line in lines))
    assert sorted(path.read_text() for path in field.workspace.glob("f?")) == [f"{n}\n" for n in range(6)]
    assert field.changes() == []


NAMES = (
    *(
        "-",
        "--bind",
        "a b",
        "$(touch evil)",
        "`touch evil`",
        "'; touch evil; '",
        '"',
        "a\nb",
        "\\",
        "%s",
        "a:b,c",
    ),
    *("ü", "\udcff", "~", "*", "#", "&", "a" * 200, ".hidden", "\u202e", "{}", "\x1b[2J"),
)


@pytest.mark.parametrize("name", NAMES)
async def test_a_workspace_may_have_any_name(name: str, backend: sandbox.Backend, field: Field) -> None:
    workspace = field.workspace.with_name(name)
    field.workspace.rename(workspace)
    await said("pwd > here; echo more > more", within(workspace), backend)
    assert (workspace / "more").read_text() == "more\n"
    assert not list(field.root.rglob("evil"))
    workspace.rename(field.workspace)
    assert (field.workspace / "here").read_bytes() == bytes(workspace) + b"\n"


PROGRAMS = ("bwrap", "sh", "bash", "env", "prlimit", "python3", "python", "setsid", "git", "true", "cat")


async def test_s27_the_programs_of_a_workspace_are_not_taken_for_ours(
    backend: sandbox.Backend, field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sandbox.close()
    for name in PROGRAMS:
        program = field.workspace / name
        program.write_text(f"#!/bin/sh\ntouch {field.workspace}/evil\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f".:{field.workspace}:/usr/bin:/bin")
    monkeypatch.chdir(field.workspace)
    assert await said("cat README.md | cat; python3 -c 'print(1)'", within(field.workspace), backend)
    assert not (field.workspace / "evil").exists()
    assert field.changes() == []


MODULES = (
    "json",
    "ctypes",
    "os",
    "socket",
    "struct",
    "select",
    "signal",
    "inside",
    "sitecustomize",
    "usercustomize",
)


async def test_the_modules_of_a_workspace_are_not_taken_for_ours(
    backend: sandbox.Backend, field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sandbox.close()
    evil = field.root / "evil"
    for name in MODULES:
        (field.workspace / f"{name}.py").write_text(EVIL.format(str(evil)))
    (field.workspace / "start.py").write_text(EVIL.format(str(evil)))
    monkeypatch.setenv("PYTHONPATH", str(field.workspace))
    monkeypatch.setenv("PYTHONSTARTUP", str(field.workspace / "start.py"))
    monkeypatch.setenv("PYTHONINSPECT", "1")
    monkeypatch.chdir(field.workspace)
    assert await said("echo ran", within(field.workspace), backend) == "ran\n"
    assert field.changes() == []


@pytest.mark.parametrize("name", [".git", ".agent", ".env", ".mcp.json", ".git/hooks", ".git/config"])
async def test_a_protected_path_that_is_a_link_is_refused(
    name: str, backend: sandbox.Backend, field: Field
) -> None:
    path = field.workspace / name
    if path.exists():
        path.rename(field.workspace / "away")
    path.symlink_to(field.places.home)
    field.before = looks(field)
    with pytest.raises(sandbox.Refused, match=re.escape(name)):
        await sandbox.run("echo evil > begun", within(field.workspace), backend=backend)
    assert not (field.workspace / "begun").exists()
    assert field.changes() == []


CODE = """
LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT GCONV_PATH BASH_ENV ENV BASH_FUNC_echo%% PROMPT_COMMAND PS4 SHELLOPTS IFS
PATH PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONWARNINGS PYTHONBREAKPOINT NODE_OPTIONS NODE_PATH PERL5OPT
PERL5LIB RUBYOPT JAVA_TOOL_OPTIONS GIT_EXEC_PATH GIT_CONFIG_GLOBAL GIT_SSH_COMMAND GIT_DIR GIT_EXTERNAL_DIFF
SSH_AUTH_SOCK HOME TMPDIR XDG_CONFIG_HOME DBUS_SESSION_BUS_ADDRESS AWS_SECRET_ACCESS_KEY
MAESTRO_SESSION MAESTRO_KEY
"""
"""Variables that name code to be run, where keys are, or whose somebody is."""


async def test_s27_no_variable_brings_code_along(backend: sandbox.Backend, field: Field) -> None:
    confinement = within(field.workspace, variables={**dict.fromkeys(CODE.split(), "evil"), "COLUMNS": "99"})
    found = dict(line.partition("=")[::2] for line in (await said("env", confinement, backend)).splitlines())
    assert found["COLUMNS"] == "99"
    assert not [name for name, value in found.items() if value == "evil"]


@pytest.mark.parametrize("line", ["-c 'touch evil'", "--help", "-i", "--rcfile x"])
async def test_s21_a_line_is_no_option_of_the_shell(
    line: str, backend: sandbox.Backend, field: Field
) -> None:
    confinement = within(field.workspace)
    output, ending = await sandbox.run(line, confinement, backend=backend)
    assert ending.exit_code == 127, output
    assert not (field.workspace / "evil").exists()


async def test_s21_an_argument_is_no_option_of_the_sandbox(backend: sandbox.Backend, field: Field) -> None:
    arguments = ["/bin/echo", "--bind", "/", "/", "--seccomp", "9", "--", "$(id)"]
    assert await said(arguments, within(field.workspace), backend) == "--bind / / --seccomp 9 -- $(id)\n"


async def test_what_the_app_has_open_is_not_passed_on(backend: sandbox.Backend, field: Field) -> None:
    await sandbox.close()
    os.set_inheritable(field.places.inherited, True)  # noqa: FBT003
    numbers = "import os; print(*sorted(map(int, os.listdir('/proc/self/fd'))))"
    found = await said(
        ["/usr/bin/env", "python3", "-I", "-S", "-c", numbers], within(field.workspace), backend
    )
    assert found.split() == ["0", "1", "2", "3"], "the last is the list's own"


async def test_one_command_leaves_nothing_to_the_next(backend: sandbox.Backend, field: Field) -> None:
    places = "/tmp /var/tmp /dev/shm $HOME $TMPDIR /run"  # noqa: S108
    write = f"for p in {places}; do echo waits > $p/waits; done; ls $HOME/waits; true"
    assert "waits" in await said(write, within(field.workspace), backend)
    look = f"for p in {places}; do cat $p/waits; done"
    assert "waits\n" not in (await said(look, within(field.workspace), backend)).replace("/waits", "")
    assert field.changes() == []


ATTACK_ON = """
for n in {}; do cat /proc/$n/environ /proc/$n/root/$HOME/f; kill -9 $n; done
cat /proc/[0-9]*/environ
find /tmp /dev/shm $TMPDIR/../.. -xdev -maxdepth 4 -name f -exec cat {{}} +
"""
"""On those alone: were it to succeed, it would end nobody else."""


async def test_s35_a_neighbour_is_not_reached(backend: sandbox.Backend, field: Field) -> None:
    private = uuid4().hex
    keep = "echo private $PRIVATE | tee $HOME/f > $TMPDIR/f"
    quiet = f"{keep}; echo begun; sleep 0.6; cat $HOME/f"
    other = within(Path(field.places.other), session_id="other")
    mine = within(field.workspace, variables={"PRIVATE": private}, session_id="mine")
    async with sandbox.start(quiet, mine, backend=backend) as program:
        outputs = program.output()
        assert (await anext(outputs))[1] == b"begun\n"
        attack = ATTACK_ON.format(" ".join(map(str, working_in(field.workspace))))
        assert private not in await said(attack, other, backend)
        assert [some async for _, some in outputs] == [f"private {private}\n".encode()]
        assert (await program.ended()).exit_code == 0
    assert not [change for change in field.changes() if "other" not in change]


CHANGES = r"""
echo x > new; echo x >> README.md; rm README.md; mv README.md r; mkdir d; ln -s / l; ln README.md l; mkfifo p
chmod 600 README.md; chmod +x .; touch -d @1 README.md; touch .; truncate -s 0 README.md
chgrp $(id -g) README.md; rm -rf .git; git add -A; mv ../own ../gone; exec 3< .; chmod 700 /proc/self/fd/3
python3 -c 'import os; os.setxattr("README.md", "user.x", b"1")'
python3 -c 'import os; os.chmod(os.open("README.md", os.O_RDONLY), 0o600)'
echo x > $HOME/f; echo y > $TMPDIR/f; cat README.md ~/f $TMPDIR/f
"""


def seen(workspace: Path) -> dict[Path, tuple[int, ...]]:
    """All of a workspace; who reads in it may leave the time of that."""
    found = {path: path.lstat() for path in [workspace, *beneath(workspace)]}
    return {path: (at.st_mode, at.st_size, at.st_mtime_ns, at.st_ctime_ns) for path, at in found.items()}


async def test_nothing_changes_in_a_workspace_that_is_only_read(
    backend: sandbox.Backend, field: Field
) -> None:
    confinement = within(field.workspace, is_read_only=True)
    before = seen(field.workspace)
    output = await said(CHANGES, confinement, backend)
    assert seen(field.workspace) == before
    assert output.endswith("A workspace.\nx\ny\n")
    assert field.changes() == []


async def test_a_worktree_cannot_be_led_elsewhere(backend: sandbox.Backend, field: Field) -> None:
    """Its `.git` is a file that says where the repository is."""
    git = ["git", "-C", str(field.workspace)]
    tree = field.workspace.with_name("tree")
    await asyncio.to_thread(
        subprocess.run, [*git, "worktree", "add", "--quiet", str(tree)], check=True, capture_output=True
    )
    told = (tree / ".git").read_text()
    attack = "echo gitdir: evil > .git; rm -f .git; mv .git away; mkdir .git; echo x > x"
    await said(attack, within(tree), backend)
    assert (tree / "x").exists()
    assert (tree / ".git").read_text() == told
    assert not (tree / "away").exists() or backend == "landlock"


def existing(paths: list[str]) -> list[str]:
    return [path for path in paths if Path(path).exists() and path != "/tmp"]  # noqa: S108


async def test_what_lies_deep_or_closed_is_removed_as_well(backend: sandbox.Backend, field: Field) -> None:
    line = """
    cd $HOME; mkdir -p c/d; touch c/d/f; chmod 0 c/d; chmod 0 c
    cd $TMPDIR; python3 -c 'import os\nfor _ in range(1500): os.mkdir("d"); os.chdir("d")'
    echo $HOME; echo $TMPDIR
    """
    places = (await said(line, within(field.workspace), backend)).split()
    assert len(places) == 2
    assert not await asyncio.to_thread(existing, places), "bubblewrap's are not even outside"


async def test_what_waits_for_a_lock_is_not_held_up(backend: sandbox.Backend, field: Field) -> None:
    """A command may lock its own workspace; the next one must begin all the same."""
    confinement = within(field.workspace)
    line = "exec 9< .; flock -n 9 || flock -ns 9; echo begun; sleep 2"
    async with sandbox.start(line, confinement, backend=backend) as program:
        assert (await anext(program.output()))[1].startswith(b"begun")
        assert await asyncio.wait_for(said("echo ran", confinement, backend), 1.5) == "ran\n"
    assert looks(field) == field.before
