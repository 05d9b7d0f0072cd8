# ruff: noqa: ASYNC240 (a test may wait for its own disk)
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.tooling.tools import edit as module
from tests.agent.tooling.conftest import Fails, Run

TEXT = "def first():\n    return 1\n\n\ndef second():\n    return 1\n"

KINDS = {
    "not_found": "was not found",
    "count_mismatch": "times",
    "file_missing": "does not exist",
    "already_exists": "already exists",
    "omission_placeholder": "leaves code out",
    "path_outside_workspace": "outside the workspace",
}


@pytest.fixture
def file(root: Path) -> Path:
    (root / "a.py").write_text(TEXT)
    return root / "a.py"


async def test_a_passage_is_replaced_and_shown(file: Path, run: Run) -> None:
    answer = await run("edit", path="a.py", old_string="first", new_string="one")
    assert file.read_text() == TEXT.replace("first", "one")
    assert answer.text.startswith(
        "Edited a.py.\n--- a.py\n+++ a.py\n@@ -1,4 +1,4 @@\n-def first():\n+def one():"
    )


async def test_a_loose_match_is_remarked(file: Path, run: Run) -> None:
    answer = await run("edit", path="a.py", old_string="def  second() :", new_string="def other():")
    assert "; old_string differed in white space." in answer.text
    answer = await run("edit", path="a.py", old_string="def otter():\nreturn 1", new_string="x = 1")
    assert "; old_string differed a little from the file, so check this." in answer.text
    assert file.read_text().endswith("\nx = 1\n")


async def test_every_passage_is_replaced_on_demand(file: Path, run: Run) -> None:
    answer = await run("edit", path="a.py", old_string="return 1", new_string="return 2", replace_all=True)
    assert answer.text.startswith("Edited a.py in 2 places.")
    assert file.read_text() == TEXT.replace("return 1", "return 2")


async def test_a_passage_must_be_the_only_one(file: Path, fails: Fails) -> None:
    told = await fails("edit", path="a.py", old_string="return 1", new_string="return 2")
    assert told.startswith("old_string was found 2 times in a.py, at lines 2, 6.")
    assert file.read_text() == TEXT


async def test_similar_passages_are_never_all_replaced(root: Path, fails: Fails) -> None:
    (root / "b").write_text("value = compute(1)\nvalue = compute(2)\n")
    told = await fails("edit", path="b", old_string="value = compute(3)", new_string="", replace_all=True)
    assert "something like it 2 times in b, at lines 1, 2" in told
    assert "replace_all" not in told


async def test_a_passage_that_is_not_there_brings_the_nearest_lines(file: Path, fails: Fails) -> None:
    told = await fails("edit", path=file.name, old_string="def frist(x, y):\n    pass", new_string="")
    assert "was not found in a.py. The nearest lines are:\n1: def first():" in told
    assert (await fails("edit", path="a.py", old_string="~~~", new_string="")).endswith(
        "Read the file again."
    )


async def test_an_edit_that_changes_nothing_is_refused(file: Path, fails: Fails) -> None:
    assert "identical" in await fails("edit", path=file.name, old_string="first", new_string="first")


async def test_an_empty_old_string_makes_a_new_file(root: Path, file: Path, run: Run, fails: Fails) -> None:
    await run("edit", path="new/b.txt", old_string="", new_string="one\r\n")
    assert (root / "new/b.txt").read_bytes() == b"one\r\n"
    assert "already exists" in await fails("edit", path=file.name, old_string="", new_string="x")
    assert "does not exist" in await fails("edit", path="c", old_string="x", new_string="y")


async def test_code_left_out_is_refused(file: Path, fails: Fails) -> None:
    told = await fails("edit", path=file.name, old_string="first", new_string="# ... rest unchanged ...")
    assert "new_string leaves code out" in told


async def test_a_binary_file_is_not_edited(root: Path, fails: Fails) -> None:
    (root / "b").write_bytes(b"one\0two")
    assert "binary" in await fails("edit", path="b", old_string="one", new_string="two")


async def test_mark_line_ends_odd_bytes_and_mode_are_kept(root: Path, run: Run) -> None:
    before = b"\xef\xbb\xbfone\r\ntwo\r\ncaf\xe9\nfour\r\n"
    (root / "b").write_bytes(before)
    (root / "b").chmod(0o640)
    answer = await run("edit", path="b", old_string="one\ntwo", new_string="1\n2")
    assert (root / "b").read_bytes() == before.replace(b"one\r\ntwo", b"1\r\n2")
    assert (root / "b").stat().st_mode & 0o777 == 0o640
    assert answer.text.encode()


async def test_dollars_and_backslashes_mean_themselves(file: Path, run: Run) -> None:
    await run("edit", path=file.name, old_string="first", new_string=r"$& \1 $'")
    assert file.read_text() == TEXT.replace("first", r"$& \1 $'")


async def test_what_would_become_too_large_is_refused(root: Path, fails: Fails) -> None:
    (root / "b").write_text("a" * 1_000_000)
    replace = {"path": "b", "old_string": "a", "replace_all": True}
    assert "more than 100,000 places" in await fails("edit", **replace, new_string="b")
    (root / "b").write_text("a" * 50_000)
    assert "too large" in await fails("edit", **replace, new_string="b" * 500)
    assert (root / "b").read_text() == "a" * 50_000


async def test_a_file_too_large_to_read_is_not_edited(root: Path, fails: Fails) -> None:
    with (root / "b").open("wb") as file:
        file.truncate(1 << 40)
    assert "too large: 1,099,511,627,776 bytes" in await fails(
        "edit", path="b", old_string="x", new_string="y"
    )


async def test_a_file_changed_meanwhile_is_left_alone(
    file: Path, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited = module._edited

    def slow(*arguments: Any, **options: Any) -> tuple[bytes, str]:
        file.write_text("another's\n")
        return edited(*arguments, **options)

    monkeypatch.setattr(module, "_edited", slow)
    told = await fails("edit", path=file.name, old_string="first", new_string="one")
    assert "changed since it was read" in told
    assert file.read_text() == "another's\n"


async def test_others_edits_come_out_the_same(
    cases: Callable[[str], list[dict[str, Any]]], root: Path, run: Run, fails: Fails
) -> None:
    for row in cases("edit.jsonl"):
        # A literal replacement in a file that does not exist makes it.
        if row["op"] not in {"tool", "validate"} and row.get("file_before", "") is not None:
            continue
        file = root / "test.txt"
        file.unlink(missing_ok=True)
        if (before := row.get("file_before", row["old_string"])) is not None:
            file.write_bytes(before.encode())
        arguments = {
            "path": row.get("path", "test.txt"),
            "old_string": row["old_string"],
            "new_string": row["new_string"],
            "replace_all": row.get("allow_multiple"),
        }
        if row.get("error_kind"):
            assert KINDS[row["error_kind"]] in await fails("edit", **arguments), row["id"]
        else:
            await run("edit", **arguments)
            assert file.read_bytes().decode() == row.get("file_after", row["new_string"]), row["id"]
