import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from agent.core.transcript import Row, RowStatus
from app.shown import PREVIEW, all_shown, detail, preview, shown, subject

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
NAMES = st.sampled_from(["path", "pattern", "command", "url", "content", "old_string", "new_string", "x"])
ARGUMENTS = st.dictionaries(NAMES, JSON | st.just("long\n" * 2000), max_size=5)


def tool(status: str, **fields: object) -> Row:
    values = {"id": "c", "kind": "tool", "title": "write_file", "call_id": "c", "status": status, **fields}
    return Row.model_validate(values)


@given(ARGUMENTS)
def test_any_call_can_be_drawn_and_stays_small(arguments: dict[str, JsonValue]) -> None:
    row = shown(tool("asking", values=arguments, text="x" * 10_000, approval_id="a", reason="no_rule"))
    assert len(row.subject) <= 80
    assert len(row.detail) <= PREVIEW * 4 + 100
    assert len(row.text) <= PREVIEW + 100


def test_a_question_shows_what_would_be_written() -> None:
    row = shown(
        tool("asking", values={"path": "a.txt", "content": "Hello\n"}, approval_id="a", reason="rule")
    )
    assert (row.title, row.subject, row.detail) == ("Write a file", "a.txt", "Hello\n")
    assert (row.approval_id, row.label, row.reason) == ("a", "Needs your OK", "A rule says to ask.")


@pytest.mark.parametrize(
    ("status", "title", "label"),
    [
        ("running", "Writing", "Running"),
        ("ok", "Wrote", "Done"),
        ("failed", "Wrote", "Failed"),
        ("rejected", "Write a file", "Not allowed"),
        ("cancelled", "Write a file", "Stopped"),
        ("unknown", "Write a file", "Outcome unknown"),
    ],
)
def test_a_call_is_told_in_words(status: str, title: str, label: str) -> None:
    row = shown(tool(status))
    assert (row.title, row.label) == (title, label)


@pytest.mark.parametrize(
    ("status", "label"),
    [("queued", "Waits for the running turn"), ("steering", "Goes in with the next step"), ("done", "")],
)
def test_a_prompt_says_what_it_waits_for(status: RowStatus, label: str) -> None:
    row = shown(Row(id="1", kind="user", text="Do it", status=status))
    assert (row.text, row.status, row.label) == ("Do it", status, label)


def test_an_unknown_tool_is_shown_by_its_name() -> None:
    row = shown(tool("ok", title="launch_rocket", values={"x": 1}))
    assert row.title == "launch_rocket"
    assert json.loads(row.detail) == {"x": 1}


def test_an_edit_is_shown_as_what_goes_and_what_comes() -> None:
    assert detail({"path": "a", "old_string": "x\ny", "new_string": ""}, 99) == "- x\n- y"
    assert detail({"path": "a", "old_string": "", "new_string": "z\n"}, 99) == "+ z"


def test_a_long_subject_keeps_its_beginning_and_its_end() -> None:
    path = "begin/" + "x" * 200 + "/end.txt"
    assert subject({"path": path}).startswith("begin/")
    assert subject({"path": path}).endswith("/end.txt")
    assert subject({"path": 3, "command": "make"}) == "make"
    assert subject({}) == ""


def test_a_preview_says_how_much_it_leaves_out() -> None:
    assert preview("short") == "short"
    cut = preview("a" * 3000 + "z" * 3000, 100)
    assert cut == "a" * 50 + "\n… 5,900 characters …\n" + "z" * 50


def test_rows_of_every_kind_are_drawn_in_order() -> None:
    rows = [
        Row(id="1", kind="user", text="Do it", status="queued"),
        Row(id="2", kind="thinking", text="Hm"),
        Row(id="3", kind="text", text="a\n\nb"),
        tool("ok"),
        Row(id="5", kind="notice", title="cancelled"),
    ]
    drawn = all_shown(rows)
    assert [row.id for row in drawn] == ["1", "2", "3", "c", "5"]
    assert (drawn[0].status, drawn[1].text, drawn[2].chunks) == ("queued", "Hm", ["a\n\nb"])
    assert (drawn[3].call_id, drawn[4].text) == ("c", "Stopped.")
