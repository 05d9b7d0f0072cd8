import os
from pathlib import Path

from tests.agent.tooling.conftest import Fails, Run


async def test_folders_come_first_and_files_have_sizes(root: Path, run: Run) -> None:
    (root / "src").mkdir()
    (root / "a.py").write_text("x" * 1234)
    (root / "link").symlink_to("a.py")
    os.mkfifo(root / "pipe")
    text = (await run("list_directory")).text
    assert text == "src/\na.py  1,234\nlink  (link)\npipe  (not a regular file)"


async def test_ignored_entries_are_counted(root: Path, run: Run) -> None:
    (root / ".gitignore").write_text("dist/\n*.log\n")
    (root / "dist").mkdir()
    (root / "a.log").touch()
    text = (await run("list_directory")).text
    assert text == ".gitignore  12\n[2 ignored entries not shown]"


async def test_an_empty_folder_is_said_to_be(root: Path, run: Run) -> None:
    (root / "sub" / ".git").mkdir(parents=True)
    assert (await run("list_directory", path="sub")).text == ("[sub is empty.]\n[1 ignored entry not shown]")


async def test_a_long_listing_is_cut(root: Path, run: Run) -> None:
    for number in range(1003):
        (root / f"{number:04}").touch()
    lines = (await run("list_directory")).text.split("\n")
    assert lines[0].startswith("0000")
    assert lines[-1] == "[3 more entries]"


async def test_a_name_on_two_lines_is_shown_on_one(root: Path, run: Run) -> None:
    (root / "a\nb").touch()
    assert (await run("list_directory")).text == "a\\nb  0"


async def test_a_file_cannot_be_listed(root: Path, fails: Fails) -> None:
    (root / "a").touch()
    assert "not a folder" in await fails("list_directory", path="a")
    assert "does not exist" in await fails("list_directory", path="b")
