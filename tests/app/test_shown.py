import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from agent.core.messages import Usage
from agent.core.rules import Rule
from agent.core.transcript import Row, RowStatus
from app.showing.calls import MOST, SHORT
from app.shown import PREVIEW, detail, preview, shown

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
    assert len(row.subject) <= SHORT
    assert len(row.detail) <= PREVIEW * 4 + 100
    assert len(row.text) <= MOST + 100


def test_a_question_shows_what_would_be_written() -> None:
    row = shown(
        tool("asking", values={"path": "a.txt", "content": "Hello\n"}, approval_id="a", reason="rule")
    )
    assert (row.title, row.subject, row.detail) == ("Write a file", "a.txt", "Hello\n")
    assert not row.diff  # what it would replace is not known
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
    drawn = [shown(row) for row in rows]
    assert [row.id for row in drawn] == ["1", "2", "3", "c", "5"]
    assert (drawn[0].status, drawn[1].text, drawn[2].chunks) == ("queued", "Hm", ["a\n\nb"])
    assert (drawn[3].call_id, drawn[4].text) == ("c", "Stopped.")


def test_a_change_is_shown_open_and_instead_of_the_words_that_told_it() -> None:
    text = "Edited a.\n--- a\n+++ a\n@@ -1,1 +1,1 @@\n-x\n+y"
    values = {"path": "a", "old_string": "x", "new_string": "y"}
    row = shown(tool("ok", title="edit", text=text, values=values))
    assert (row.is_open, row.meta, row.text, row.detail) == (True, "+1 \N{MINUS SIGN}1", "", "")
    assert row.diff.endswith("-x\n+y")


def test_a_failure_is_shown_open_with_what_went_wrong() -> None:
    row = shown(tool("failed", title="shell", text="no such file\n[Exit code 1 after 0.1 s.]"))
    assert (row.is_open, row.label, row.fault, row.looks) == (True, "Exit 1", "no such file", "")


def test_the_last_words_of_a_turn_say_what_it_used() -> None:
    usage = Usage(input=10, output=5, cost=0.5)
    row = shown(Row(id="t", kind="text", text="Done.", usage=usage, seconds=3))
    assert row.spent == "3.0 s · 10 tokens read · 5 written · $0.50"
    assert shown(Row(id="t", kind="text", text="Not yet.")).spent == ""


def test_what_a_person_ran_themselves_says_so_and_stands_open() -> None:
    row = Row(id="c", kind="tool", title="shell", status="ok", values={"command": "date"}, is_own=True)
    assert (shown(row).title, shown(row).subject, shown(row).is_open) == ("You ran", "date", True)
    running = shown(row.model_copy(update={"status": "running"}))
    assert (running.title, running.is_open) == ("You are running", False)


@pytest.mark.parametrize(
    ("seconds", "line"),
    [(12.2, "Thought for 12 s"), (0.4, "Thought"), (None, "Thought"), (75, "Thought for 1 min 15 s")],
)
def test_a_thought_is_one_line_that_says_how_long(seconds: float | None, line: str) -> None:
    assert shown(Row(id="t/0/0", kind="thinking", text="Hm", seconds=seconds)).title == line


def test_an_opened_card_says_what_let_its_call_run() -> None:
    row = Row(id="c", kind="tool", title="shell", status="ok", values={"command": "date"})
    rule = Rule(tool="shell", decision="allow", commands=("date",), session_id="s")
    assert shown(row).allowed == ""
    assert shown(row.model_copy(update={"allowed_by": "Ada"})).allowed == "Allowed once by Ada."
    reach = "in this session, for commands that begin with date."
    assert shown(row.model_copy(update={"rule": rule})).allowed == f"A rule allowed it: {reach}"
    both = row.model_copy(update={"rule": rule, "allowed_by": "Ada"})
    assert shown(both).allowed == f"Allowed by Ada, and for later calls: {reach}"


def test_a_notice_offers_what_can_be_done_about_it() -> None:
    def acts(title: str, error: str = "") -> list[str]:
        return shown(Row(id="n", kind="notice", turn_id="t", title=title, text=error)).acts

    assert acts("error", "auth") == ["keys", "models", "again"]
    assert acts("error", "context") == ["new", "models"]
    assert acts("max_steps") == ["again"]
    assert acts("error", "nobody knows it") == []
    assert acts("restart") == [], "the turn goes on by itself"


def test_a_call_says_since_when_it_runs() -> None:
    at = datetime(2026, 1, 30, 23, tzinfo=UTC)
    row = Row(id="c", kind="tool", title="shell", status="running", at=at)
    assert shown(row).since == at.isoformat()
    assert shown(row.model_copy(update={"status": "ok"})).since == ""
