"""What lies in a workspace may be anything: no file tool hangs, breaks, or leads outside."""

# ruff: noqa: ASYNC240 (a test may wait for its own disk)
import asyncio
import os
import random
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agent.core.errors import ToolFailed
from agent.tooling import workspace
from agent.tooling._beneath import open_beneath, open_stepwise
from agent.tooling.declaration import MAX_TEXT
from agent.tooling.registry import registry
from agent.tooling.workspace import Workspace
from tests.agent.tooling.conftest import Fails, Run, swapping

PATIENCE = 20
"""Seconds, on a busy machine."""
ROUNDS = 1200
SECRET = "SECRET"
CALLS: dict[str, Callable[[str], dict[str, Any]]] = {
    "read_file": lambda path: {"path": path},
    "read_many_files": lambda path: {"paths": [path], "include": ["*"]},
    "list_directory": lambda path: {"path": path},
    "glob": lambda path: {"pattern": "**", "path": path},
    "grep": lambda path: {"pattern": "SECRET|x", "path": path},
    "write_file": lambda path: {"path": path, "content": "mine\n"},
    "edit": lambda path: {"path": path, "old_string": "x", "new_string": "mine"},
}


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero, which never ends
    except PermissionError:
        pytest.skip("only root makes devices")


BAD: dict[str, Callable[[Path], None]] = {
    "fifo": os.mkfifo,
    "device": device,
    "sparse": sparse,
    "binary": lambda path: path.write_bytes(os.urandom(100_000) + b"\0") and None,
    "wide": lambda path: path.write_bytes(b"x" * 5_000_000) and None,
    "long": lambda path: path.write_bytes(b"x\n" * 3_000_000) and None,
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00\xd8") and None,
    "itself": lambda path: path.symlink_to(path.name),
    "parent": lambda path: path.symlink_to("."),
    "outside": lambda path: path.symlink_to("../outside/secret.txt"),
    "outside folder": lambda path: path.symlink_to("../outside"),
    "system": lambda path: path.symlink_to("/proc/self/environ"),
    "a socket": lambda path: os.mknod(path, stat.S_IFSOCK | 0o600),
    "a folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("opener", [open_beneath, open_stepwise])
async def test_no_tool_hangs_or_breaks_on_it(root: Path, kind: str, opener: Any) -> None:
    (root / "good.txt").write_text("x marks the spot\n")
    async with Workspace(root, opener) as files:
        for name, arguments in CALLS.items():
            BAD[kind](root / "bad")
            text = ""
            async with asyncio.timeout(PATIENCE):
                with suppress(ToolFailed):
                    text = (await registry()[name].run(arguments("bad"), files=files)).text
            assert SECRET not in text, name
            assert len(text) <= 2 * MAX_TEXT, name
            remove(root / "bad")
    assert [path.name for path in (root.parent / "outside").iterdir()] == ["secret.txt"]
    assert (root.parent / "outside" / "secret.txt").read_text() == "SECRET\n"
    assert sorted(path.name for path in root.iterdir()) == ["good.txt"]


def remove(path: Path) -> None:
    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


@pytest.mark.parametrize("kind", ["fifo", "device", "sparse", "outside", "a socket"])
async def test_beside_it_everything_else_is_found(root: Path, run: Run, kind: str) -> None:
    BAD[kind](root / "bad")
    (root / "good.txt").write_text("x marks the spot\n")
    async with asyncio.timeout(PATIENCE):
        assert (await run("grep", pattern="spot")).text == "good.txt:1:x marks the spot"
        assert "good.txt" in (await run("glob", pattern="*")).text
        assert "bad" in (await run("list_directory")).text
        assert "marks" in (await run("read_many_files", include=["*"])).text


async def test_what_cannot_be_searched_is_said_to_be_so(root: Path, fails: Fails) -> None:
    os.mkfifo(root / "pipe")
    sparse(root / "sparse")
    assert "pipe is neither a folder nor a regular file" in await fails("grep", pattern="x", path="pipe")
    assert "sparse is too large to search: 1,099,511,627,776" in await fails(
        "grep", pattern="x", path="sparse"
    )


NAMES = [
    "a\nb",
    "-n",
    "--help",
    "é",
    "\u202egnp.exe",
    " ",
    "a'b\"c",
    "*",
    "[a]",
    "{a,b}",
    "$(id)",
    "a\\b",
    "\udcff\udcfe",
]


@pytest.mark.parametrize("name", NAMES)
async def test_any_name_is_written_read_edited_and_found(root: Path, run: Run, name: str) -> None:
    await run("write_file", path=name, content="one\n")
    await run("edit", path=name, old_string="one", new_string="needle")
    assert (root / name).read_text() == "needle\n"
    assert (await run("read_file", path=name)).text == "needle\n"
    assert (await run("grep", pattern="needle", path=name)).text.endswith(":1:needle")
    assert (await run("grep", pattern="needle")).text.endswith(":1:needle")
    for tool, arguments in (
        ("glob", {"pattern": "*"}),
        ("list_directory", {}),
        ("read_many_files", {"paths": [name]}),
        ("read_many_files", {"include": ["*"]}),
    ):
        text = (await run(tool, **arguments)).text
        assert text.encode()
        assert "\u202e" not in text


def make_deep(root: Path, depth: int) -> None:
    here = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("deep.txt", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def remove_deep(root: Path, depth: int) -> None:
    """Taken apart from above: what no path can name, no library removes."""
    for _ in range(depth):
        (root / "d").rename(root / "old")
        inner = os.open(root / "old", os.O_RDONLY)
        with suppress(FileNotFoundError):
            os.rename("d", root / "d", src_dir_fd=inner)
        with suppress(FileNotFoundError):
            os.unlink("deep.txt", dir_fd=inner)
        os.close(inner)
        (root / "old").rmdir()


async def test_a_tree_deeper_than_a_path_can_say_is_walked_as_far_as_one_can(root: Path, run: Run) -> None:
    depth = 3000
    make_deep(root, depth)
    (root / "top.txt").write_text("needle")
    try:
        async with asyncio.timeout(PATIENCE):
            assert (await run("glob", pattern="*.txt")).text == "top.txt"
            assert (await run("grep", pattern="needle")).text == "top.txt:1:needle"
            assert "d/" in (await run("list_directory")).text
            assert "needle" in (await run("read_many_files", paths=["."])).text
            with pytest.raises(ToolFailed, match="cannot be a path"):
                await run("read_file", path="d/" * depth + "deep.txt")
            with pytest.raises(ToolFailed, match="not exist"):
                await run("grep", pattern="x", path="d/" * 2000 + "gone")
    finally:
        remove_deep(root, depth)


async def test_folders_that_lead_in_circles_are_walked_once(root: Path, run: Run) -> None:
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "up").symlink_to("../..")
    (root / "a" / "b" / "x.txt").write_text("needle")
    assert (await run("glob", pattern="**")).text == "a/b/x.txt"
    assert (await run("grep", pattern="needle")).text == "a/b/x.txt:1:needle"
    assert "x.txt" in (await run("list_directory", path="a/b/up/a/b")).text


async def test_of_a_folder_without_end_a_part_is_shown_and_said_to_be_one(
    root: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "MAX_WALK", 2000)
    for number in range(2500):
        (root / f"{number:06}.txt").touch()
    async with asyncio.timeout(PATIENCE):
        assert "too many files" in (await run("glob", pattern="*.txt")).text
        assert "[1,000 more entries]" in (await run("list_directory")).text
        assert "2,000 files match" in (await run("read_many_files", include=["*.txt"])).text


@pytest.mark.parametrize(
    "ignored", ["*a*a*a*a*a*a*a*a*b", "**/a/**/a/**/a/**/a/**/b", "[", "!" * 1000, "{" * 1000]
)
async def test_an_ignore_file_cannot_stop_the_search(root: Path, run: Run, ignored: str) -> None:
    (root / ".gitignore").write_text(f"{ignored}\n" * 100)
    (root / ("a" * 250)).write_text("needle")
    (root / "/".join("a" * 60)).mkdir(parents=True)
    async with asyncio.timeout(PATIENCE):
        assert "needle" in (await run("grep", pattern="needle")).text
        assert "a" * 250 in (await run("glob", pattern="*")).text


async def test_a_pattern_cannot_stop_the_search(root: Path, run: Run, fails: Fails) -> None:
    (root / ("a" * 250)).write_text("needle")
    async with asyncio.timeout(PATIENCE):
        assert "No file matches" in (await run("glob", pattern="*a" * 100 + "*b")).text
        assert "not a glob pattern" in await fails("glob", pattern="{" + "," * 100_000)
        assert "No line matches" in (await run("grep", pattern="needle", include="*a" * 30 + "*b")).text


async def round_of(name: str, path: str, files: Workspace) -> str:
    try:
        return (await registry()[name].run(CALLS[name](path), files=files)).text
    except ToolFailed as failed:
        return str(failed)


@pytest.mark.parametrize("opener", [open_beneath, open_stepwise])
async def test_no_race_leads_a_tool_outside(root: Path, opener: Any, rng: random.Random) -> None:
    outside = root.parent / "outside"
    (root / "sub").mkdir()
    (root / "sub" / "secret.txt").write_text("harmless x\n")
    (outside / "only_here.txt").write_text("SECRET x\n")
    names = [name for name in CALLS if name != "grep"]
    counted = {"inside": 0, "refused": 0}
    began = time.monotonic()
    with swapping(root):
        async with Workspace(root, opener) as files:
            for _ in range(ROUNDS):
                name = rng.choice(names)
                is_folder = name in {"list_directory", "glob", "read_many_files"}
                text = await round_of(name, "sub" if is_folder else "sub/secret.txt", files)
                assert SECRET not in text, name
                assert "only_here" not in text, name
                counted["refused" if "outside" in text or "not a folder" in text else "inside"] += 1
    assert min(counted.values()) > 0, (counted, time.monotonic() - began)
    assert (outside / "secret.txt").read_text() == "SECRET\n"
    assert (outside / "only_here.txt").read_text() == "SECRET x\n"
    assert len(list(outside.iterdir())) == 2
