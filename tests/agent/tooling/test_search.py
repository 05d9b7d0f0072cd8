# ruff: noqa: ASYNC240 (a test may wait for its own disk)
import asyncio
import contextlib
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from agent.core.errors import ToolFailed
from agent.tooling import _plain_search, _search
from agent.tooling._search import Query, places
from agent.tooling.tools import grep as module
from agent.tooling.tools.grep import grep
from agent.tooling.workspace import Workspace


async def test_places_are_paths_and_line_numbers(files: Workspace, root: Path) -> None:
    (root / "a").write_text("x\nhit\n")
    found = [place async for place in places(files, Query("hit", ".", "", ignore_case=False))]
    assert found == [("a", 2)]


async def test_a_reader_who_has_enough_stops_the_search(files: Workspace, root: Path) -> None:
    (root / "a").write_text("hit\n" * 100_000)
    async with (
        asyncio.timeout(10),
        aclosing(places(files, Query("hit", ".", "", ignore_case=False))) as found,
    ):
        assert await anext(found) == ("a", 1)


async def test_a_wrong_pattern_is_told(files: Workspace) -> None:
    with pytest.raises(ToolFailed, match="search failed"):
        [place async for place in places(files, Query("(", ".", "", ignore_case=False))]


async def test_a_search_gets_no_environment(
    files: Workspace, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "rg"
    program.write_text("#!/bin/sh\nfor name in HOME OPENAI_API_KEY; do eval echo \\$$name; done > seen\n")
    program.chmod(0o755)
    monkeypatch.setenv("OPENAI_API_KEY", "abc")
    monkeypatch.setattr("shutil.which", lambda _: str(program))
    assert not [place async for place in places(files, Query("x", ".", "", ignore_case=False))]
    assert (root / "seen").read_text() == "\n\n"


async def test_where_descriptors_have_no_names_the_path_serves(files: Workspace, root: Path) -> None:
    assert _search._folder_of(files).endswith(f"/{files.descriptor}")
    assert Path(_search._folder_of(files)).resolve() == root


async def test_a_pattern_that_is_too_long_is_told(files: Workspace) -> None:
    for query in (
        Query("x" * 4001, ".", "", ignore_case=False),
        Query("x", ".", "x" * 4001, ignore_case=False),
    ):
        with pytest.raises(ToolFailed, match="too long; at most 4,000"):
            [place async for place in places(files, query)]


async def test_a_search_that_complains_without_end_still_finds(
    files: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "rg"
    program.write_text(
        "#!/bin/sh\nhead -c 3000000 /dev/zero | tr '\\0' x >&2; printf 'a\\0007:\\n'; exit 2\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda _: str(program))
    found: list[tuple[str, int]] = []
    async with asyncio.timeout(20):
        with pytest.raises(ToolFailed, match="search failed") as caught:  # noqa: PT012 (what came before counts)
            async for place in places(files, Query("x", ".", "", ignore_case=False)):
                found.append(place)  # noqa: PERF401 (what came before the failure counts)
    assert found == [("a", 7)]
    assert len(str(caught.value)) < 3000


@pytest.mark.skipif(not shutil.which("rg") or sys.platform != "linux", reason="nobody counts the memory")
async def test_a_line_that_does_not_fit_into_memory_is_told(
    files: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_search, "MOST_MEMORY", 100_000)
    (root / "long").write_bytes(b"x" * 120_000_000)
    with pytest.raises(ToolFailed, match="line too long to hold"):
        [place async for place in places(files, Query("hit", ".", "", ignore_case=False))]


@pytest.mark.skipif(not shutil.which("rg"), reason="ripgrep is not installed")
async def test_a_file_gives_no_more_places_than_a_call_can_tell(files: Workspace, root: Path) -> None:
    (root / "a").write_text("hit\n" * 100_000)
    found = [place async for place in places(files, Query("hit", ".", "", ignore_case=False))]
    assert found == [("a", number) for number in range(1, _search.MOST_OF_FILE + 1)]


LETTERS = st.sampled_from(["a", "b", "hit", "HIT", "é", "\r\n", "\n", "\n", " ", "\udcff"])
NAMES = st.sampled_from(
    ["a", "b.py", "-n", "c\nd", ".hidden", "sub", "é", "d.txt", ".git", "\udcff", "[a]", "{a}"]
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
RULES = st.lists(
    st.sampled_from(
        ["*.py", "!b.py", "sub/", "/sub", "a", "!a", "sub/*", "**/a", ".hidden", "d.*", "# a", "!"]
    ),
    max_size=3,
).map("\n".join)
QUERIES = st.builds(
    Query,
    st.sampled_from(["hit", "^hit", "hit$", "a|b", "h.t", "", r"\s", "é", "^$", "[ab]", "(?i)hit", r"\bhit"]),
    st.sampled_from([".", ".", "sub", "a"]),
    st.sampled_from(["", "", "*.py", "sub/**", "*.{py,txt}", "/a", "**/sub/*", "[!a]*"]),
    st.booleans(),
)


def put(root: Path, path: str, text: str) -> None:
    with contextlib.suppress(OSError):  # something else of that name is there
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode("utf-8", "surrogateescape"))


def own_places(files: Workspace, query: Query) -> AsyncGenerator[tuple[str, int]]:
    pattern = re.compile(query.pattern, re.IGNORECASE if query.ignore_case else 0)
    return _plain_search.search(files, pattern, query.path, query.include)


@pytest.mark.skipif(not shutil.which("rg"), reason="ripgrep is not installed")
@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(PATHS, st.lists(LETTERS, max_size=8).map("".join), max_size=8),
    st.dictionaries(
        st.sampled_from([".gitignore", "sub/.gitignore", ".ignore", "a/.gitignore"]), RULES, max_size=2
    ),
    QUERIES,
)
async def test_both_searches_find_the_same(
    texts: dict[str, str], rules: dict[str, str], query: Query
) -> None:
    # ripgrep's patterns for files do not go past a line end in a folder's name.
    assume(not query.include or not any("\n" in path for path in texts))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for path, text in {**texts, **rules}.items():
            put(Path(folder), path, text)
        put(Path(folder), f"{query.path}/hit.txt", "hit")
        arguments: dict[str, JsonValue] = {
            "pattern": query.pattern,
            "path": query.path,
            "include": query.include,
            "ignore_case": query.ignore_case,
        }
        async with Workspace(folder) as files:
            theirs = await grep.run(arguments, files=files)
            patch.setattr(module, "places", own_places)
            ours = await grep.run(arguments, files=files)
    assert ours == theirs
