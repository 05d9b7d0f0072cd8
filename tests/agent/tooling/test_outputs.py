# ruff: noqa: ASYNC240 (a test may wait for its own disk)
import asyncio
import os
from pathlib import Path

import pytest

from agent.core.errors import ToolFailed
from agent.core.messages import File
from agent.tooling import _outputs
from agent.tooling._outputs import fitted, save
from agent.tooling.declaration import MAX_TEXT, ToolOutput
from agent.tooling.workspace import OUTPUTS, Workspace
from tests.agent.tooling.conftest import Fails, Run

LINES = "".join(f"line {number}\n" for number in range(1, 20_001))


def kept(root: Path) -> list[str]:
    return sorted(path.name for path in (root / OUTPUTS).iterdir() if path.name != ".gitignore")


async def test_a_short_result_is_as_it_was(files: Workspace, root: Path) -> None:
    output = ToolOutput(text="x" * MAX_TEXT)
    assert await fitted(files, "shell", output) is output
    assert not list(root.iterdir())


async def test_a_long_result_can_be_read_on(files: Workspace, root: Path, run: Run) -> None:
    file = File(media_type="image/png", data="eA==")
    output = await fitted(files, "shell", ToolOutput(text=LINES, files=(file,)))
    assert len(output.text) <= MAX_TEXT
    assert output.files == (file,)
    path = f"{OUTPUTS}/{kept(root)[0]}"
    assert (root / path).read_text() == LINES
    head, note, tail = output.text.split("\n\n")
    assert f"All of it is in {path}: use read_file with offset=" in note
    offset = int(note.partition("offset=")[2].partition(",")[0])
    page = (await run("read_file", path=path, offset=offset)).text.split("\n")
    assert page[1] == f"line {offset}"
    assert page[1].startswith(head.rpartition("\n")[2])
    assert LINES.endswith(tail)


async def test_one_long_line_can_be_read_on(files: Workspace, run: Run) -> None:
    text = "".join(f"{number:07}" for number in range(10_000))
    path = await save(files, "web_fetch", text)
    page = (await run("read_file", path=path, column=7001)).text
    assert page == text[7000:9000] + "… [61,000 more characters, from column=9001 on]"


async def test_what_is_kept_is_read_and_not_written(files: Workspace, run: Run, fails: Fails) -> None:
    path = await save(files, "shell", "needle\n")
    assert (await run("grep", pattern="needle", path=path)).text == f"{path}:1:needle"
    assert (await run("grep", pattern="needle", path=OUTPUTS)).text == f"{path}:1:needle"
    assert "protected" in await fails("write_file", path=path, content="x")
    assert "protected" in await fails("edit", path=path, old_string="needle", new_string="x")


async def test_searches_pass_over_what_is_kept(files: Workspace, root: Path, run: Run) -> None:
    await save(files, "shell", "needle\n")
    (root / ".gitignore").write_text("!.agent/outputs/\n!*.txt\n")
    (root / ".agent" / "notes.txt").write_text("needle\n")
    assert (await run("grep", pattern="needle")).text == ".agent/notes.txt:1:needle"
    assert (await run("glob", pattern="*.txt")).text == ".agent/notes.txt"
    assert "1 ignored entry" in (await run("list_directory", path=".agent")).text
    assert (root / OUTPUTS / ".gitignore").read_text() == "*\n"


async def test_the_oldest_go(files: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_outputs, "MAX_FILES", 3)
    paths = [await save(files, f"call_{number}", "x") for number in range(3)]
    for age, path in enumerate(paths):
        os.utime(root / path, (1_000_000 + age, 1_000_000 + age))
    (root / OUTPUTS / "mine.txt").write_text("a person's")
    newest = await save(files, "call_3", "x")
    assert kept(root) == sorted(Path(path).name for path in ("mine.txt", *paths[1:], newest))


async def test_too_much_goes_but_never_the_newest(
    files: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_outputs, "MAX_BYTES", 10)
    await save(files, "one", "x" * 8)
    newest = await save(files, "two", "x" * 20)
    assert kept(root) == [Path(newest).name]


async def test_several_may_save_at_once(
    files: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_outputs, "MAX_FILES", 4)
    paths = await asyncio.gather(*(save(files, "shell", "x") for _ in range(20)))
    assert all(paths)
    assert 1 <= len(kept(root)) <= 4


async def test_a_huge_result_keeps_its_ends(
    files: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_outputs, "MAX_WRITE", 40_000)
    path = await save(files, "shell", "a" * 50_000 + "b")
    text = (root / path).read_text()
    assert len(text) <= 10_000
    assert "were left out here" in text
    assert text.endswith("ab")


@pytest.mark.parametrize("name", ["../../up", "a/b", "", "x" * 500, "mcp:server\n"])
async def test_any_name_makes_a_file_of_the_folder(files: Workspace, root: Path, name: str) -> None:
    path = await save(files, name, "é\ud800")
    assert (root / path).parent == root / OUTPUTS
    assert (root / path).read_text() == "é?"


async def test_where_nothing_can_be_written_the_result_is_cut_with_a_note(
    files: Workspace, root: Path, tmp_path: Path
) -> None:
    (root / ".agent").symlink_to(tmp_path / "outside")
    output = await fitted(files, "shell", ToolOutput(text=LINES))
    assert len(output.text) <= MAX_TEXT
    assert "were left out here" in output.text
    assert "All of it" not in output.text
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["secret.txt"]


async def test_a_full_disk_loses_no_result(files: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> str:
        raise ToolFailed("cannot be written: the disk is full")

    monkeypatch.setattr(Workspace, "keep", full)
    assert await save(files, "shell", "x") == ""
    assert "left out here" in (await fitted(files, "shell", ToolOutput(text=LINES))).text
