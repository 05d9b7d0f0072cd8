from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agent.tooling.ignoring import Ignored, alternatives, matcher
from agent.tooling.workspace import Workspace

SET_ASIDE = {
    "ignore_files": "only .gitignore and git's own exclusions are read; there are no other ignore files",
    "extensions": "no list of extensions is made of patterns",
}


def test_a_nested_file_speaks_for_its_folder() -> None:
    texts = {".gitignore": "*.log\nbuild", "logs/.gitignore": "!keep.log"}
    ignored = Ignored(lambda path: texts.get(path, ""))
    assert ignored.has("a.log", is_folder=False)
    assert not ignored.has("logs/keep.log", is_folder=False)
    assert ignored.has("logs/other.log", is_folder=False)
    assert ignored.has("x/build/deep/file.txt", is_folder=False)


def test_the_ignore_file_wins_over_gits_own_exclusions() -> None:
    texts = {".git/info/exclude": "*.tmp", ".gitignore": "!keep.tmp"}
    ignored = Ignored(lambda path: texts.get(path, ""))
    assert ignored.has("a.tmp", is_folder=False)
    assert not ignored.has("keep.tmp", is_folder=False)


def test_a_line_that_is_no_pattern_does_not_spoil_the_others() -> None:
    ignored = Ignored({".gitignore": "# note\n!\n///\n*.log"}.get)
    assert ignored.has("a.log", is_folder=False)


def test_gits_folder_is_left_out_at_any_depth() -> None:
    ignored = Ignored(lambda _: "")
    assert ignored.has("vendor/.git/config", is_folder=False)
    assert not ignored.has(".github/x.yml", is_folder=False)


def test_braces_are_written_out() -> None:
    assert sorted(alternatives("{a,b}.{c,d}")) == ["a.c", "a.d", "b.c", "b.d"]
    assert sorted(alternatives("{a,{b,c}}")) == ["a", "a", "b", "c"]
    assert alternatives("{a}") == ["{a}"]
    assert len(alternatives("{a,b}" * 30)) < 200


def test_a_pattern_without_a_slash_matches_at_any_depth() -> None:
    assert matcher("*.py")("a/b/c.py")
    assert not matcher("*.py")("a/b/c.pyc")
    assert not matcher("src/*.py")("a/src/c.py")


async def test_what_others_ignore_is_ignored(
    cases: Callable[[str], list[dict[str, Any]]], tmp_path: Path
) -> None:
    for row in cases("ignore.jsonl"):
        if row["mode"] in SET_ASIDE:
            continue
        root = tmp_path / row["id"]
        root.mkdir()
        for path, text in row["files"].items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        async with Workspace(root) as files:
            left_out = files._filter(".")(row["path"], is_folder=row["is_dir"])
        assert left_out == row["ignored"], (row["id"], row["title"])


def test_only_rows_of_other_kinds_are_set_aside(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    rows = cases("ignore.jsonl")
    assert {row["mode"] for row in rows} == {"git", *SET_ASIDE}


@pytest.mark.parametrize("pattern", ["", "/", "!", "[", "**", "a\\"])
def test_an_odd_pattern_raises_nothing_but_value_errors(pattern: str) -> None:
    with suppress(ValueError):
        matcher(pattern)("a/b")
