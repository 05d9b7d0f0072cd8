import pytest
from pydantic import JsonValue

from agent.core.transcript import Row, RowStatus
from agent.tooling.registry import registry
from app.showing.calls import HALF, MOST, TELLINGS, came_to, ended, excerpt, fault, subject
from app.showing.changes import Change


def call(title: str, status: RowStatus = "ok", text: str = "", seconds: float | None = None) -> Row:
    return Row(id="c", kind="tool", title=title, status=status, text=text, seconds=seconds)


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("read_file", {"path": "a.py", "offset": 3}, "a.py"),
        ("grep", {"path": "src", "pattern": "TODO"}, "TODO"),
        (
            "web_fetch",
            {"urls": ["https://example.org/", "https://example.com/"]},
            "https://example.org/, https://example.com/",
        ),
        ("shell", {"command": "make\n  test"}, "make test"),
        ("launch_rocket", {"x": 1}, ""),
        ("launch_rocket", {"name": "Ariane"}, "Ariane"),
        ("read_file", {"path": 3}, ""),
    ],
)
def test_a_call_names_what_it_is_about(tool: str, arguments: dict[str, JsonValue], told: str) -> None:
    assert subject(tool, arguments) == told


def test_a_long_subject_keeps_its_beginning_and_its_end() -> None:
    told = subject("read_file", {"path": "begin/" + "x" * 200 + "/end.txt"})
    assert told.startswith("begin/")
    assert told.endswith("/end.txt")


@pytest.mark.parametrize(
    ("row", "change", "told"),
    [
        (call("read_file", text="[Lines 1 to 2 of 9.]\na\nb"), None, "2 lines"),
        (call("grep", text="[No line matches in x.]"), None, "0 matches"),
        (call("glob", text="a", seconds=0.2), None, "1 file"),
        (call("shell", text="x", seconds=75), None, "1 min 15 s"),
        (call("edit", seconds=0.1), Change("", "", 12, 3), "+12 \N{MINUS SIGN}3"),
        (call("write_file"), Change("", "", 1200, 0), "+1,200"),
        (call("todo", text="3 items: 1 done, 2 pending.\n…"), None, "3 items: 1 done, 2 pending"),
        (call("grep", "failed", "no", seconds=0.1), None, ""),
    ],
)
def test_a_call_says_what_it_came_to(row: Row, change: Change | None, told: str) -> None:
    assert came_to(row, change) == told


def test_a_failed_command_says_its_number_and_the_line_that_matters() -> None:
    row = call("shell", "failed", "building\nmake: *** [all] Error 2\n[Exit code 2 after 0.1 s.]")
    assert (ended(row), fault(row)) == ("Exit 2", "make: *** [all] Error 2")
    assert fault(call("shell", "failed", "[Exit code 1 after 0.1 s.]")) == "[Exit code 1 after 0.1 s.]"
    assert (ended(call("grep", "failed", "[Exit code 2 after 0.1 s.]")), fault(call("grep"))) == ("", "")
    assert len(fault(call("grep", "failed", "x" * 500))) == 80


def test_of_a_long_output_both_ends_are_shown() -> None:
    assert excerpt("short") == "short"
    lines = excerpt("\n".join(map(str, range(2 * HALF + 1)))).splitlines()
    assert lines[HALF - 1 : HALF + 2] == [str(HALF - 1), "… 1 more line …", str(HALF + 1)]
    assert len(excerpt("x" * 10_000)) < MOST + 100


def test_every_tool_that_is_told_in_its_own_way_is_there() -> None:
    assert TELLINGS.keys() <= registry().keys()
