import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.transcript import Row, RowStatus
from app.showing.changes import MOST_LINES, change, marks, units

TEXTS = st.text(st.sampled_from("ab \n😀é\r"), max_size=60)


def call(title: str = "edit", status: RowStatus = "ok", text: str = "", **values: str) -> Row:
    return Row(id="c", kind="tool", title=title, status=status, text=text, values={**values})


def test_a_finished_edit_shows_the_diff_of_its_result() -> None:
    found = change(
        call(text="Edited a.py.\n--- a.py\n+++ a.py\n@@ -3,2 +3,2 @@\n x\n-the old way\n+the new way")
    )
    assert found is not None
    assert found.text.splitlines() == ["@@ -3,2 +3,2 @@", " x", "-the old way", "+the new way"]
    assert (found.added, found.removed, found.marks) == (1, 1, "2:5-8;3:5-8")


def test_an_edit_that_waits_shows_what_would_go_and_come() -> None:
    found = change(call(status="asking", old_string="a\nb\nc", new_string="a\nB\nc"))
    assert found is not None
    assert found.text.splitlines() == [" a", "-b", "+B", " c"]


def test_a_new_file_is_all_added() -> None:
    found = change(call("write_file", text="Created a.", content="one\ntwo\n"))
    assert found is not None
    assert found.text.splitlines() == ["@@ -0,0 +1,2 @@", "+one", "+two"]


def test_a_large_change_is_told_by_its_numbers() -> None:
    found = change(call("write_file", text="Created a.", content="x\n" * (MOST_LINES + 1)))
    assert found is not None
    assert found.is_large
    assert found.added == MOST_LINES + 1
    assert len(found.text.splitlines()) <= MOST_LINES


@pytest.mark.parametrize(
    "row",
    [
        call("grep"),
        call(status="failed", old_string="a", new_string="b"),
        call("write_file", status="asking", content="may replace what nobody has told"),
        call("write_file", text="Replaced a."),
        call("write_file", text="Replaced a.\n--- a\n+++ a\n9,000 lines became 3, from line 1 on."),
    ],
)
def test_what_is_not_known_line_by_line_is_no_diff(row: Row) -> None:
    assert change(row) is None


def test_lines_that_have_little_in_common_are_not_marked() -> None:
    assert marks(["-import os", "+return None"]) == ""


def test_each_line_is_compared_with_the_one_in_its_place() -> None:
    assert marks(["-a = 1", "-b = 2", "+a = 3", "+b = 2", " c"]) == "0:5-6;2:5-6"


@given(TEXTS, TEXTS)
def test_marks_stay_within_their_lines_and_in_order(old: str, new: str) -> None:
    found = change(call(status="asking", old_string=old, new_string=new))
    if found is None:
        assert not old
        assert not new
        return
    lines = found.text.split("\n")
    for line in filter(None, found.marks.split(";")):
        at, spans = line.split(":")
        ends = [int(end) for span in spans.split(",") for end in span.split("-")]
        assert ends == sorted(ends)
        assert 1 <= ends[0] < ends[-1] <= units(lines[int(at)])
