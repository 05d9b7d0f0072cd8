import os
from pathlib import Path

import pytest

from agent.tooling import workspace
from tests.agent.tooling.conftest import Fails, Run


def put(root: Path, *paths: str) -> None:
    for age, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
        os.utime(root / path, (1_000_000 - age, 1_000_000 - age))


async def test_the_newest_come_first(root: Path, run: Run) -> None:
    put(root, "z.py", "src/a.py", "b.py", "c.txt")
    assert (await run("glob", pattern="*.py")).text == "z.py\nsrc/a.py\nb.py"


async def test_a_pattern_starts_from_its_path(root: Path, run: Run) -> None:
    put(root, "src/a.ts", "src/sub/b.tsx", "other/src/c.ts")
    assert (await run("glob", pattern="src/**/*.{ts,tsx}")).text == "src/a.ts\nsrc/sub/b.tsx"
    assert (await run("glob", pattern="sub/*", path="src")).text == "src/sub/b.tsx"


async def test_ignored_files_are_left_out(root: Path, run: Run) -> None:
    put(root, "a.js", "node_modules/b.js", "sub/gen/c.js", ".git/d.js")
    (root / ".gitignore").write_text("node_modules/\n")
    (root / "sub" / ".gitignore").write_text("gen\n")
    assert (await run("glob", pattern="*.js")).text == "a.js"


async def test_no_match_is_said(run: Run, fails: Fails) -> None:
    assert (await run("glob", pattern="*.py")).text == "[No file matches *.py in ..]"
    assert "does not exist" in await fails("glob", pattern="*", path="nowhere")


async def test_a_pattern_that_is_none_is_refused(fails: Fails) -> None:
    assert await fails("glob", pattern="!") == "! is not a glob pattern."


async def test_many_files_are_cut(root: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, *(str(number) for number in range(205)))
    lines = (await run("glob", pattern="*")).text.split("\n")
    assert lines[0] == "0"
    assert lines[200:] == ["[205 files match; these are the newest 200.]"]
    monkeypatch.setattr(workspace, "MAX_WALK", 10)
    assert "too many files" in (await run("glob", pattern="*")).text
