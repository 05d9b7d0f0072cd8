"""What the file tools cost: reading, editing, listing and searching, the last beside bare ripgrep.

Run by hand: `.venv/bin/python bench/tools.py`. It makes 100,000 files in a temporary folder and prints a table for
bench/README.md, within three minutes. A call is a whole one: arguments checked, workspace opened, bytes on the disk.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from agent.tooling import _outputs  # noqa: E402
from agent.tooling.registry import registry  # noqa: E402
from agent.tooling.workspace import Workspace  # noqa: E402

LINES = 10_000
RIPGREP = ["rg", "--no-config", "--line-number", "--with-filename", "--hidden"]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--files", type=int, default=100_000)
    options.add_argument("--entries", type=int, default=200_000)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), given.rounds, given.files, given.entries))


async def measure(folder: Path, rounds: int, files: int, entries: int) -> None:
    commit = subprocess.run(
        ["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True
    )
    print(
        f"Commit {commit.stdout.strip()}, {datetime.now(UTC):%Y-%m-%d}, load average {os.getloadavg()[0]:.1f}"
    )
    print("\n| | median | least | most |\n|---|---|---|---|")
    await single_files(folder / "single", rounds)
    await many_entries(folder / "entries", min(rounds, 3), entries)
    await searches(folder / "tree", min(rounds, 5), files)


async def single_files(root: Path, rounds: int) -> None:
    root.mkdir()
    source = "".join(
        f"    value_{number} = compute({number * 7919 % 10_007})  # step\n" for number in range(LINES)
    )
    (root / "page.py").write_text("".join(source.splitlines(keepends=True)[:2000])[:38_000])
    lines = source.splitlines()
    passage = "\n".join(lines[5000:5005])
    new = passage.replace("compute", "computed")

    async def read() -> None:
        await call(root, "read_file", path="page.py", limit=2000)

    (root / "narrow.txt").write_text("".join(f"line {number}\n" for number in range(2000)))

    async def read_lines() -> None:
        await call(root, "read_file", path="narrow.txt")

    await row("read_file, 2,000 lines", read_lines, rounds * 5)
    await row("read_file, 38,000 characters", read, rounds * 5)
    for rung, old in (
        ("exact", passage),
        ("other white space", "\n".join(line.strip() for line in passage.split("\n"))),
        ("other white space within lines", passage.replace(" = ", "=")),
        ("a few letters", passage.replace("step", "stop")),
    ):

        async def edit(old: str = old) -> None:
            await call(root, "edit", path="big.py", old_string=old, new_string=new)

        await row(
            f"edit, 10,000 lines, {rung}", edit, rounds, before=lambda: (root / "big.py").write_text(source)
        )

    async def write() -> None:
        await call(root, "write_file", path="big.py", content=source.replace(passage, new))

    await row("write_file, 10,000 lines", write, rounds, before=lambda: (root / "big.py").write_text(source))
    for number in range(200):
        (root / f"{number}.txt").write_text("a line of text\n" * 100)

    async def read_many() -> None:
        await call(root, "read_many_files", include=["*.txt"])

    await row("read_many_files, 200 files", read_many, rounds)
    long = "a line of a long result\n" * 50_000

    async def keep() -> None:
        async with Workspace(root) as files:
            await _outputs.save(files, "shell", long)

    await row("keep a result of 1.2 MB", keep, rounds)


async def many_entries(root: Path, rounds: int, entries: int) -> None:
    root.mkdir()
    for number in range(entries):
        os.close(os.open(root / f"{number:06}.txt", os.O_CREAT | os.O_WRONLY))

    async def listing() -> None:
        await call(root, "list_directory")

    await row(f"list_directory, {entries:,} entries", listing, rounds)


async def searches(root: Path, rounds: int, files: int) -> None:
    make_tree(root, files)

    async def find() -> None:
        await call(root, "glob", pattern="**/*_7.py")

    await row(f"glob, {files:,} files", find, rounds)
    for words, pattern in (
        ("nothing", "zzz_nowhere"),
        ("50 lines", "needle_in_it"),
        ("more than 100", "return"),
    ):

        async def search(pattern: str = pattern) -> None:
            await call(root, "grep", pattern=pattern)

        def bare(pattern: str = pattern) -> None:
            subprocess.run([*RIPGREP, "--", pattern, "."], cwd=root, stdout=subprocess.DEVNULL)

        pairs = [(await took(search), await took(threaded(bare))) for _ in range(rounds + 1)][1:]
        ours, theirs = (list(times) for times in zip(*pairs, strict=True))
        shown(f"grep, {files:,} files, finds {words}, ms", ours)
        shown("the same by ripgrep itself, ms", theirs)
        shown("ratio of the pairs", [one / other for one, other in pairs])
    which, shutil.which = shutil.which, lambda *_arguments, **_options: None
    small = next(path for path in root.iterdir() if path.is_dir())

    async def own() -> None:
        await call(root, "grep", pattern="zzz_nowhere", path=small.name)

    await row(f"grep without ripgrep, {sum(1 for _ in small.rglob('*.py')):,} files", own, rounds)
    shutil.which = which


def make_tree(root: Path, files: int) -> None:
    body = "import os\n\n\ndef step(value):\n    return value + 1\n" * 8
    for number in range(files):
        folder = root / f"part_{number // 5000}" / f"module_{number // 100 % 50}"
        if number % 100 == 0:
            folder.mkdir(parents=True)
        (folder / f"file_{number % 100}.py").write_text(
            body + ("needle_in_it\n" if number % (files // 50) == 0 else "")
        )
    (root / ".gitignore").write_text("__pycache__/\n*.pyc\n/dist\nnode_modules/\n.env\n")


def threaded(work: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    return lambda: asyncio.to_thread(work)


async def call(root: Path, name: str, **arguments: Any) -> None:
    async with Workspace(root) as files:
        await registry()[name].run(arguments, files=files)


async def row(
    title: str,
    work: Callable[[], Awaitable[object]],
    rounds: int,
    before: Callable[[], object] = lambda: None,
) -> None:
    """Print the milliseconds of a call, after one that is not counted."""
    times: list[float] = []
    for _ in range(rounds + 1):
        before()
        times.append(await took(work))
    shown(f"{title}, ms", times[1:])


async def took(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return 1000 * (time.perf_counter() - began)


def shown(title: str, figures: list[float]) -> None:
    middle = statistics.median(figures)
    print(f"| {title} | {middle:,.1f} | {min(figures):,.1f} | {max(figures):,.1f} |", flush=True)


if __name__ == "__main__":
    main()
