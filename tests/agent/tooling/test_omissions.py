from collections.abc import Callable
from typing import Any

import pytest

from agent.tooling._omissions import added, placeholders


@pytest.mark.parametrize(
    "line",
    [
        "// ... rest of the code ...",
        "# ... existing code ...",
        "    /* ... unchanged methods ... */",
        "<!-- rest of file unchanged ... -->",
        "{/* ... remaining imports ... */}",
        "(rest of methods ...)",
        "… rest unchanged …",
        "// ... rest of the implementation remains the same ...",
        "[... same as before ...]",
    ],
)
def test_a_line_that_stands_for_code_is_found(line: str) -> None:
    assert len(placeholders(f"first\n{line}\nlast")) == 1


@pytest.mark.parametrize(
    "line",
    [
        'note = "(rest of methods ...)"',
        "def f(*args, **rest): ...",
        "And the rest of the story...",
        "...",
        "print(...)",
        "# Loading...",
        "for each of the remaining items ...",
        "rest of " + "x" * 200 + " ...",
    ],
)
def test_ordinary_lines_are_not(line: str) -> None:
    assert placeholders(line) == []


def test_a_placeholder_that_was_there_may_stay() -> None:
    assert added("(rest of code ...)", "x\n(rest of code ...)") == []
    assert added("(rest of code ...)", "(rest of code ...)\n(rest of code ...)") == ["rest of code ..."]


def test_what_others_detect_is_detected(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    for row in cases("edit.jsonl"):
        if row["op"] == "placeholders":
            assert placeholders(row["text"]) == row["placeholders"], row["id"]
