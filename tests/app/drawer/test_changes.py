import subprocess
from pathlib import Path

from agent.core.transcript import Row
from agent.tooling._diff import diff
from app.drawer import changes
from app.drawer.changes import FileChanged, files_changed, summary
from app.showing.changes import MOST_LINES

BEFORE = "".join(f"line {number}\n" for number in range(40))
AFTER = BEFORE.replace("line 3\n", "line three\n").replace("line 30\n", "")


def created(path: str, content: str, turn: str = "t") -> Row:
    return Row(
        id=path,
        kind="tool",
        turn_id=turn,
        title="write_file",
        status="ok",
        text=f"Created {path} (1 line).",
        values={"path": path, "content": content},
    )


def edited(path: str, before: str, after: str, told: str = "Edited") -> Row:
    text = f"{told} {path}.\n{diff(before, after, path)}"
    values: dict[str, object] = {"path": f"./{path}", "old_string": before, "new_string": after}
    return Row(id=path, kind="tool", title="edit", status="ok", text=text, values=values)  # pyright: ignore[reportArgumentType]


def test_the_changes_of_a_file_stand_together_in_their_order() -> None:
    calls = [created("a.md", "x\n"), edited("src/b.py", "o\n", "n\n"), edited("a.md", "x\n", "y\nz\n")]
    found = files_changed(calls, "/w")
    assert [(one.folder, one.name, one.counts, len(one.pieces)) for one in found] == [
        ("", "a.md", "+3 −1", 2),
        ("src/", "b.py", "+1 −1", 1),
    ]
    assert summary(calls, found) == "2 files · +4 −2"


def test_what_failed_or_changed_nothing_is_no_change() -> None:
    failed = created("a.md", "x").model_copy(update={"status": "failed"})
    same = created("b.md", "x").model_copy(update={"text": "b.md already held just this."})
    assert files_changed([failed, same], "/w") == []


def test_a_file_that_was_replaced_as_a_whole_says_so_and_has_no_patch() -> None:
    replaced = created("/w/a.bin", "x").model_copy(update={"text": "Replaced a.bin."})
    [found] = files_changed([replaced], "/w")
    assert (found.path, found.pieces, found.patch) == ("a.bin", [], "")
    assert found.note.endswith("cannot be compared.")


def test_a_large_change_is_closed_and_small_ones_are_open() -> None:
    large = created("a.md", "x\n" * (MOST_LINES + 1))
    assert [one.is_open for one in files_changed([large, created("b.md", "x\n")], "/w")] == [False, True]


def test_what_is_too_much_for_a_page_is_counted_and_not_drawn() -> None:
    calls = [created(f"{number}.md", "word " * 90_000) for number in range(2)]
    found = files_changed(calls, "/w")
    assert [one.counts for one in found] == ["+1", "+1"]
    assert sum(len(one.patch) for one in found) < changes.MOST_DRAWN
    assert found[-1].note.startswith("There is too much here")


def applied(folder: Path, found: list[FileChanged]) -> None:
    patch = "".join(one.patch for one in found)
    subprocess.run(["git", "apply", "-"], cwd=folder, input=patch.encode(), check=True)


def test_a_copied_patch_can_be_applied(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text(BEFORE)
    calls = [
        created("d/new.md", "# Monday\n\nMilk"),
        created("d/other one.md", "x\n"),
        edited("b.txt", BEFORE, AFTER),
        edited("b.txt", AFTER, AFTER + "end\n"),
    ]
    applied(tmp_path, files_changed(calls, str(tmp_path)))
    assert (tmp_path / "d/new.md").read_text() == "# Monday\n\nMilk"
    assert (tmp_path / "d/other one.md").read_text() == "x\n"
    assert (tmp_path / "b.txt").read_text() == AFTER + "end\n"


def test_a_diff_that_was_cut_gives_no_patch() -> None:
    long, wide = "".join(f"{number}\n" for number in range(300)), "x" * 600
    for before, after in ((long, long.replace("\n", "!\n")), (f"{wide}\n", f"{wide}y\n")):
        [found] = files_changed([edited("a", before, after)], "/w")
        assert (found.patch, bool(found.pieces)) == ("", True)
