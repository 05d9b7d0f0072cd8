import difflib

from hypothesis import given
from hypothesis import strategies as st

from agent.tooling._diff import MAX_LINES, MAX_WIDTH, diff

LINES = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=30)


@given(LINES, LINES)
def test_a_diff_removes_and_adds_what_the_library_would(before: list[str], after: list[str]) -> None:
    ours = diff("\n".join([*before, ""]), "\n".join([*after, ""]), "x").split("\n")[2:]
    theirs = list(difflib.unified_diff(before, after, lineterm=""))[2:]

    def balance(lines: list[str]) -> int:
        return sum(line.startswith("+") for line in lines) - sum(line.startswith("-") for line in lines)

    assert balance(ours) == balance(theirs) == len(after) - len(before)


def test_a_change_deep_in_a_file_has_its_line_numbers() -> None:
    lines = [f"line {number}" for number in range(1, 1001)]
    changed = [*lines]
    changed[499] = "other"
    assert diff("\n".join(lines), "\n".join(changed), "x").split("\n")[2] == "@@ -497,7 +497,7 @@"


def test_a_long_diff_is_cut() -> None:
    before = "\n".join(f"line {number}" for number in range(1000))
    lines = diff(before, before.replace("line", "row"), "x").split("\n")
    assert len(lines) == MAX_LINES + 1
    assert lines[-1].endswith("more lines of the diff")


def test_a_diff_that_would_take_long_is_only_summed_up() -> None:
    text = diff("a\n" * 5000, "b\n" * 6000, "x")
    assert text.endswith("5,000 lines became 6,000, from line 1 on.")


def test_wide_lines_are_cut() -> None:
    assert max(map(len, diff("a" * 9999, "b" * 9999, "x").split("\n"))) == MAX_WIDTH


def test_odd_bytes_are_shown_as_such() -> None:
    assert diff("a\udcff\n", "a\n", "x").split("\n")[3] == "-a�"
