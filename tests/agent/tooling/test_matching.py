import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.tooling import _matching
from agent.tooling._matching import Span, distance, find, indented, nearest, replaced

SET_ASIDE = {
    "edit-bc656301de": "a file is made new by the tool, not by the comparison",
    "edit-3292e8c968": "the same: there is no text to search",
}
RUNGS = {"token_regex": "token"}
SHORT = st.text("ab \n", max_size=12)


def plain_distance(first: str, second: str) -> int:
    row = list(range(len(second) + 1))
    for number, letter in enumerate(first, 1):
        above, row[0] = row[0], number
        for place, other in enumerate(second, 1):
            above, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, above + (letter != other))
    return row[-1]


@given(SHORT, SHORT)
def test_the_quick_distance_is_the_plain_one(first: str, second: str) -> None:
    assert distance(first, second) == plain_distance(first, second)


def change(text: str, old: str, new: str) -> tuple[str, str, int]:
    found = find(text.replace("\r\n", "\n"), old.replace("\r\n", "\n"))
    if found is None:
        return text, "none", 0
    return replaced(text, found.spans, new), found.rung, len(found.spans)


@pytest.mark.parametrize(
    ("text", "old", "rung"),
    [
        ("a b\n", "a b", "exact"),
        ("  a b  \n    c\n", "a b\nc\n", "whitespace_flexible"),
        ("if (a  ==b) {\n", "if(a == b) {", "token"),
        ("return compute(value, 17)\n", "return compute(value, 18)", "fuzzy"),
        ("return compute(value)\n", "yield nothing at all", "none"),
        ("functionmyFunc()\n", "function myFunc()", "fuzzy"),
        ("ab = 1\nabc = 1\n", "abcd = 1", "none"),
        ("x = 12\n", "x  = 1", "none"),
        ("\n\n", "   ", "none"),
    ],
)
def test_the_closest_comparison_wins(text: str, old: str, rung: str) -> None:
    assert change(text, old, "new")[1] == rung


def test_a_loose_match_takes_on_the_indentation() -> None:
    text = "class A:\n    def f(self):\n        return 1\n\n    x = 2\n"
    old = "def f(self):\n    return 1\n"
    new = "def f(self):\n    if True:\n        return 2\n"
    assert change(text, old, new)[0] == (
        "class A:\n    def f(self):\n        if True:\n            return 2\n\n    x = 2\n"
    )


def test_a_token_match_takes_the_line_end_it_was_given() -> None:
    assert change("  f( a )\nb\n", "f(a)\n", "g(a)\n")[0] == "  g(a)\nb\n"


def test_lines_that_stand_further_left_stay_further_left() -> None:
    assert indented("    a\n  b\n\nc", "      ") == "      a\n    b\n\n  c"


def test_similar_places_are_all_found_and_do_not_overlap() -> None:
    text = "value = compute(1)\n" * 3
    found = find(text, "value = compute(2)")
    assert found
    assert found.rung == "fuzzy"
    assert [span.start for span in found.spans] == [0, 19, 38]


def test_the_nearest_lines_have_their_numbers() -> None:
    text = "import os\n\ndef frist(a):\n    pass\n\ndef first(b):\n    pass\n"
    assert nearest(text, "\n  def first(a):\n") == "3: def frist(a):\n6: def first(b):"
    assert nearest(text, "~~~~") == ""
    assert nearest(text, " \n") == ""


def test_a_very_long_text_is_only_searched_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_matching, "_MAX_TEXT", 10)
    assert find("  some long text\n  more", "some long text\nmore") is None
    assert nearest("some long text", "some lon text") == ""


@given(
    st.lists(st.tuples(st.text("ab", max_size=3), st.sampled_from(["\n", "\r\n"])), max_size=12),
    st.integers(0, 40),
    st.integers(0, 10),
    st.text("xy", max_size=3),
)
def test_everything_else_in_a_text_stays(
    lines: list[tuple[str, str]], start: int, length: int, new: str
) -> None:
    text = "".join(line + end for line, end in lines)
    plain = text.replace("\r\n", "\n")
    start = min(start, len(plain))
    end = min(start + length, len(plain))
    changed = replaced(text, (Span(start, end),), new)
    assert changed.replace("\r\n", "\n") == plain[:start] + new + plain[end:]
    kept = len(text) - len(plain[start:end]) - plain[start:end].count("\n")
    assert len(changed) >= kept + len(new)
    assert changed.startswith(text[:start].rpartition("\n")[0])


def test_an_edit_anywhere_in_a_long_file_is_found(rng: random.Random) -> None:
    lines = [f"    value_{number} = compute({rng.random()})" for number in range(2000)]
    at = rng.randrange(1990)
    old = "\n".join(line.replace(" = ", "=") for line in lines[at : at + 5])
    found = find("\n".join(lines), old)
    assert found
    assert found.rung == "token"
    assert found.spans[0].start == sum(len(line) + 1 for line in lines[:at])


def test_what_others_match_is_matched(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    for row in cases("edit.jsonl"):
        if row["op"] == "match":
            text, rung, count = change(row["file_before"], row["old_string"], row["new_string"])
            assert text == row["file_after"], row["id"]
            assert rung == RUNGS.get(row["strategy"], row["strategy"]), row["id"]
            assert count == row.get("occurrences", count), row["id"]
        if row["op"] == "literal" and row["id"] not in SET_ASIDE:
            text, rung, _ = change(row["file_before"], row["old_string"], row["new_string"])
            assert (text, rung) == (row["file_after"], row["strategy"] or "none"), row["id"]
