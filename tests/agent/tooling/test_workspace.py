# ruff: noqa: ASYNC240 (a test may wait for its own disk)
import asyncio
import errno
import os
from pathlib import Path

import pytest

from agent.core.errors import ToolFailed
from agent.tooling import workspace
from agent.tooling._folder import Folder
from agent.tooling.workspace import Workspace, shown


async def told(files: Workspace, path: str) -> str:
    with pytest.raises(ToolFailed) as caught:
        await files.read(path)
    return str(caught.value)


@pytest.mark.parametrize("path", ["../outside/secret.txt", "/etc/passwd", "a/../../x", "..", "/"])
async def test_a_path_outside_the_workspace_is_refused(files: Workspace, path: str) -> None:
    assert "outside the workspace" in await told(files, path)


async def test_s25_a_link_to_the_outside_is_refused(files: Workspace, root: Path) -> None:
    (root / "link").symlink_to("../outside/secret.txt")
    assert "outside the workspace" in await told(files, "link")


async def test_an_absolute_path_inside_is_understood(files: Workspace, root: Path) -> None:
    (root / "a.txt").write_text("hello")
    assert (await files.read(str(root / "x" / ".." / "a.txt"))).raw == b"hello"


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
async def test_what_cannot_be_a_path_is_refused(files: Workspace, path: str) -> None:
    assert "cannot be a path" in await told(files, path)


async def test_a_missing_file_brings_near_names(files: Workspace, root: Path) -> None:
    (root / "src").mkdir()
    (root / "src" / "settings.py").touch()
    assert await told(files, "src/setings.py") == (
        "src/setings.py does not exist. Did you mean src/settings.py?"
    )
    assert await told(files, "nowhere/x") == "nowhere/x does not exist."


async def test_each_failure_has_its_words(files: Workspace, root: Path) -> None:
    (root / "folder").mkdir()
    (root / "file").touch()
    assert await told(files, "folder") == "folder is a folder."
    assert "not a folder" in await told(files, "file/x")
    assert "too long a name" in await told(files, "n" * 300)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EACCES, "permission denied"),
        (errno.EIO, "input/output error"),
    ],
)
async def test_a_disk_that_fails_is_told(
    files: Workspace, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Folder, "write", fail)
    with pytest.raises(ToolFailed, match=words):
        await files.write("a", b"x")


@pytest.mark.parametrize(
    "path", [".git/config", ".GIT/hooks/x", "sub/.git/config", ".env", ".mcp.json", ".agent/x"]
)
async def test_a_protected_name_is_not_written(files: Workspace, root: Path, path: str) -> None:
    with pytest.raises(ToolFailed, match="protected"):
        await files.write(path, b"x")
    assert not list(root.iterdir())


async def test_too_much_is_neither_read_nor_written(files: Workspace, root: Path) -> None:
    (root / "a").write_bytes(b"12345")
    with pytest.raises(ToolFailed, match="too large: 5 bytes, at most 4"):
        await files.read_whole("a", 4)
    with pytest.raises(ToolFailed, match="too large to write"):
        await files.write("b", bytes(workspace.MAX_WRITE + 1))
    with pytest.raises(ToolFailed, match="name a file"):
        await files.write(".", b"x")


async def test_a_walk_leaves_out_what_is_ignored_unless_asked(files: Workspace, root: Path) -> None:
    for path in (".gitignore", "a.py", "dist/b.js", "src/c.py", ".git/config"):
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text("dist/\n")
    (root / "src" / "loop").symlink_to("..")
    assert {entry.path for entry in (await files.files("."))[0]} == {".gitignore", "a.py", "src/c.py"}
    assert [entry.path for entry in (await files.files("dist"))[0]] == ["dist/b.js"]
    assert (await files.entries("."))[1] == 2
    assert await files.leaves_out("dist/b.js")
    assert await files.leaves_out("dist", is_folder=True)
    assert not await files.leaves_out("src/c.py")


async def test_a_walk_has_an_end(files: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (root / str(number)).touch()
    monkeypatch.setattr(workspace, "MAX_WALK", 10)
    found, is_all = await files.files(".")
    assert len(found) == 10
    assert not is_all
    assert len((await files.files(".", 20))[0]) == 20
    assert (await files.files(".", 20))[1]
    assert len((await files.entries("."))[0]) == 10
    with pytest.raises(ToolFailed, match="not exist"):
        await files.files("nowhere")


async def test_entries_left_out_are_looked_at_too(files: Workspace, root: Path) -> None:
    (root / ".gitignore").write_text("*.log\n")
    for number in range(20):
        (root / f"{number}.log").touch()
    found, is_all = await files.files(".", 10)
    assert {entry.path for entry in found} <= {".gitignore"}
    assert not is_all


async def test_a_walk_stops_after_its_time(
    files: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "a" / "b").mkdir(parents=True)
    monkeypatch.setattr(workspace, "WALK_SECONDS", -1.0)
    assert await files.files(".") == ([], False)


async def test_what_is_ours_is_kept_and_discarded_where_tools_may_not_write(
    files: Workspace, root: Path
) -> None:
    path = await files.keep("a.txt", b"x")
    assert path == f"{workspace.OUTPUTS}/a.txt"
    with pytest.raises(ToolFailed, match="protected"):
        await files.write(path, b"y")
    assert (await files.read(path)).raw == b"x"
    await files.discard("a.txt")
    await files.discard("a.txt")
    assert not list((root / workspace.OUTPUTS).iterdir())


async def test_a_folder_that_vanishes_during_a_walk_is_passed_over(
    files: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "gone").mkdir()
    (root / "a").touch()
    entries = Folder.entries

    def vanish(folder: Folder, path: str, limit: int | None = None) -> object:
        found = entries(folder, path, limit)
        if path == ".":
            (root / "gone").rmdir()
        return found

    monkeypatch.setattr(Folder, "entries", vanish)
    assert [entry.path for entry in (await files.files("."))[0]] == ["a"]


async def test_what_does_not_exist_is_found_out(files: Workspace, root: Path) -> None:
    (root / "a").touch()
    assert await files.find("b") is None
    entry = await files.find("a")
    assert entry
    assert (entry.name, entry.kind) == ("a", "file")


async def test_a_closed_workspace_is_a_mistake_of_ours(root: Path) -> None:
    files = Workspace(root)
    with pytest.raises(RuntimeError, match="closed"):
        await files.read("a")
    with pytest.raises(RuntimeError, match="closed"):
        files._filter(".")


async def test_a_missing_workspace_is_told(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="workspace folder is gone"):
        await Workspace(tmp_path / "nowhere").__aenter__()


async def test_a_renamed_workspace_is_still_the_same(files: Workspace, root: Path) -> None:
    (root / "a").write_text("mine")
    root.rename(root.with_name("moved"))
    root.mkdir()
    (root / "a").write_text("another's")
    assert (await files.read("a")).raw == b"mine"


async def test_closing_waits_for_no_one_and_spoils_nothing(root: Path) -> None:
    async with Workspace(root) as files:
        writing = asyncio.create_task(files.write("a", b"x" * 1_000_000))
        await asyncio.sleep(0)
    await writing
    assert (root / "a").stat().st_size == 1_000_000


async def test_any_name_can_be_listed_and_opened_again(files: Workspace, root: Path) -> None:
    for name in (b"a\nb", b"\xff\xfe", "é".encode()):
        (root / os.fsdecode(name)).write_bytes(b"x")
    entries, _ = await files.entries(".")
    assert sorted(shown(entry.path) for entry in entries) == ["\\udcff\\udcfe", "a\\nb", "é"]
    for entry in entries:
        assert (await files.read(entry.path)).raw == b"x"
