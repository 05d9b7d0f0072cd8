import random
import re
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.tooling import _matching
from agent.tooling._matching import Span, find, indented, nearest, replaced

SET_ASIDE = {
    "edit-bc656301de": "it says that a file with text in it is new; whether one is, our tool looks up itself",
}
RUNGS = {"token_regex": "token"}


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


WORDS = st.lists(st.sampled_from(["a", "b", "ab", "(", "=", " ", "  ", "\n", "\n", "\t"]), max_size=14).map(
    "".join
)


@given(WORDS, WORDS)
def test_words_and_signs_are_compared_as_an_expression_would(text: str, old: str) -> None:
    tokens = re.findall(r"\w+|[^\w\s]", old)
    if not tokens or not old.split("\n", 1)[0].strip():
        return
    pattern = re.escape(tokens[0])
    for before, token in pairwise(tokens):
        pattern += (r"\s+" if (before + token).isalnum() else r"\s*") + re.escape(token)
    pattern += r"\b" * tokens[-1].isalnum()
    found = [(match.start(), match[1]) for match in re.finditer(rf"^([ \t]*){pattern}", text, re.MULTILINE)]
    assert [(span.start, span.indentation) for span in _matching._by_tokens(text, old)] == found


def test_a_long_text_is_compared_in_bounded_time() -> None:
    rows = "  {'id': 123, 'v': 456},\n"
    bad = (
        ("a\n" * 200_000, "a\n" * 70_000 + "b"),
        ("a " * 200_000, "a " * 70_000 + "b"),
        ("a\n" * 200_000, "a\n a  " * 35_000 + "b"),
        (rows * 20_000, "{'id': 123, 'w': 456},"),
        ("\n" * 200_000, "".join(map(chr, range(0x4E00, 0x4E00 + 19_000)))),
        (("abcdefghij" * 10 + "\n") * 19_000, ("abcdefghij" * 10 + "\n") * 190 + "zabcde\n" * 100),
        ("x y" * 200_000, "x z" * 6000),
    )
    for text, old in bad:
        before = time.process_time()
        find(text, old)
        nearest(text, old)
        assert time.process_time() - before < 15, old[:20]


def test_what_would_be_compared_too_long_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_matching, "_MAX_WORK", 1000)
    assert find("return compute(value, 17)\n", "return compute(value, 18)") is None


def test_of_too_many_places_only_the_first_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_matching, "MAX_PLACES", 3)
    found = find("a" * 10, "a")
    assert found
    assert len(found.spans) == 4


def test_what_others_match_is_matched(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    for row in cases("edit.jsonl"):
        if row["op"] == "match":
            text, rung, count = change(row["file_before"], row["old_string"], row["new_string"])
            assert text == row["file_after"], row["id"]
            assert rung == RUNGS.get(row["strategy"], row["strategy"]), row["id"]
            assert count == row.get("occurrences", count), row["id"]
        if row["op"] == "literal" and row["file_before"] is not None and row["id"] not in SET_ASIDE:
            text, rung, _ = change(row["file_before"], row["old_string"], row["new_string"])
            assert (text, rung) == (row["file_after"], row["strategy"] or "none"), row["id"]


def test_only_what_is_set_aside_comes_out_otherwise(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    others = {
        row["id"]
        for row in cases("edit.jsonl")
        if row["op"] == "literal" and row["file_before"] is not None
        if change(row["file_before"], row["old_string"], row["new_string"])[0] != row["file_after"]
    }
    assert others == SET_ASIDE.keys()
