# ruff: noqa: ASYNC240 (a test may wait for its own disk)
import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from agent.core.errors import ToolFailed
from agent.tooling import _search
from agent.tooling._search import Query, places
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
