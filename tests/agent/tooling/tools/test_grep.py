import os
import shutil
import time
from pathlib import Path

import pytest

from agent.tooling.tools import grep as module
from tests.agent.tooling.conftest import Fails, Run, swapping


@pytest.fixture(params=["rg", "own"], autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "own":
        monkeypatch.setattr(shutil, "which", lambda _: None)
    elif not shutil.which("rg"):
        pytest.skip("ripgrep is not installed")
    return request.param


def put(root: Path, files: dict[str, str | bytes]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content if isinstance(content, bytes) else content.encode())


async def test_matches_have_path_line_and_text(root: Path, run: Run) -> None:
    put(root, {"src/b.py": "import os\n\ndef run():\n", "a.py": "x\r\n  def go():\r\n", "c.py": "none"})
    assert (await run("grep", pattern=r"def \w+")).text == "a.py:2:  def go():\nsrc/b.py:3:def run():"


async def test_a_file_or_folder_can_be_searched_alone(root: Path, run: Run) -> None:
    put(root, {"a/x.py": "hit", "b/x.py": "hit", "b/.gitignore": "", "b/c/y.txt": "hit"})
    assert (await run("grep", pattern="hit", path="b")).text == "b/c/y.txt:1:hit\nb/x.py:1:hit"
    assert (await run("grep", pattern="hit", path="a/x.py", include="*.txt")).text == "a/x.py:1:hit"
    put(root, {".github/ci.yml": "hit"})
    assert (await run("grep", pattern="hit", path=".github")).text == ".github/ci.yml:1:hit"
    assert (await run("grep", pattern="no", path="b")).text == "[No line matches in b.]"


async def test_files_can_be_picked_by_pattern(root: Path, run: Run) -> None:
    put(root, {"a.ts": "hit", "s/b.tsx": "hit", "c.js": "hit", ".gitignore": "d.ts", "d.ts": "hit"})
    assert (await run("grep", pattern="hit", include="*.{ts,tsx}")).text == "a.ts:1:hit\ns/b.tsx:1:hit"


async def test_case_can_be_ignored(root: Path, run: Run) -> None:
    put(root, {"a": "Hit\nhit"})
    assert (await run("grep", pattern="HIT", ignore_case=True)).text == "a:1:Hit\na:2:hit"


async def test_ignored_and_binary_files_are_left_out(root: Path, run: Run) -> None:
    put(
        root,
        {
            ".gitignore": "dist/\nlogs/*.log\n",
            "dist/a.js": "hit",
            "logs/sub.txt": "hit",
            "logs/x.log": "hit",
            ".git/config": "hit",
            ".hidden": "hit",
            "a.bin": b"hit\n\0",
            "m.bin": b"hit\n" * 3 + b"x" * 100_000 + b"\0",
            "z.txt": "hit",
            "wide.txt": "hit\n".encode("utf-16"),
        },
    )
    text = (await run("grep", pattern="hit")).text
    assert text.replace("m.bin:1:hit\nm.bin:2:hit\nm.bin:3:hit\n", "") == (
        ".hidden:1:hit\nlogs/sub.txt:1:hit\nwide.txt:1:hit\nz.txt:1:hit"
    )
    assert (await run("grep", pattern="hit", path="logs")).text == "logs/sub.txt:1:hit"
    assert (await run("grep", pattern="hit", path="dist")).text == "dist/a.js:1:hit"


async def test_many_matches_and_wide_lines_are_cut(root: Path, run: Run) -> None:
    put(root, {"a": "hit\n" * 150, "b": "needle" + "x" * 1000})
    lines = (await run("grep", pattern="hit")).text.split("\n")
    assert len(lines) == 101
    assert lines[-1].startswith("[There are more than 100 matches")
    assert (await run("grep", pattern="needle")).text.endswith("x… [706 more]")


async def test_a_wrong_pattern_is_told(fails: Fails) -> None:
    assert "regex parse error" in await fails("grep", pattern="a(b")
    assert "not a glob pattern" in await fails("grep", pattern="a", include="!")
    assert "does not exist" in await fails("grep", pattern="a", path="nowhere")


async def test_a_pattern_no_program_takes_is_told(fails: Fails) -> None:
    assert "half a character" in await fails("grep", pattern="\ud800")
    assert "half a character" in await fails("grep", pattern="a", include="\0")


async def test_s21_an_option_is_only_a_pattern(root: Path, run: Run) -> None:
    put(root, {"-n": "--files\n"})
    assert (await run("grep", pattern="--files")).text == "-n:1:--files"
    assert (await run("grep", pattern="--files", path="-n")).text == "-n:1:--files"


async def test_strange_names_are_found(root: Path, run: Run) -> None:
    put(root, {"a\nb": "hit", os.fsdecode(b"\xff"): "hit"})
    assert (await run("grep", pattern="hit")).text == "a\\nb:1:hit\n\\udcff:1:hit"


async def test_links_are_not_followed(root: Path, run: Run, fails: Fails) -> None:
    (root / "door").symlink_to("../outside")
    (root / "secret").symlink_to("../outside/secret.txt")
    assert (await run("grep", pattern="SECRET")).text == "[No line matches in ..]"
    assert "outside the workspace" in await fails("grep", pattern="SECRET", path="door")


async def test_code_in_the_workspace_is_not_run(root: Path, run: Run) -> None:
    put(root, {"agent/__init__.py": "raise SystemExit(3)", "re.py": "raise SystemExit(3)", "a": "hit"})
    assert (await run("grep", pattern="hit")).text == "a:1:hit"


async def test_an_endless_search_is_stopped(
    root: Path, run: Run, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine == "rg":
        pytest.skip("ripgrep's patterns cannot be made endless")
    put(root, {"b": "a" * 40 + "!"})
    monkeypatch.setattr(module, "SECONDS", 0.5)
    assert "[Stopped after 0 seconds" in (await run("grep", pattern="(a+)+$")).text


async def test_s25_no_race_shows_what_is_outside(root: Path, run: Run, engine: str) -> None:
    if engine == "own":
        pytest.skip("it does not walk by name")
    put(root, {"sub/secret.txt": "harmless SECRET\n"})
    until = time.monotonic() + 0.7
    seen: set[str] = set()
    with swapping(root):
        while time.monotonic() < until:
            seen.add((await run("grep", pattern="SECRET")).text)
    assert all("SECRET" not in text.replace("harmless SECRET", "") for text in seen), seen
