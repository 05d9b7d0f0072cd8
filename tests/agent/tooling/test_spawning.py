"""Programs of ours begin in one place, and inherit nothing."""

import ast
import os
import re
from pathlib import Path

import pytest

from agent.tooling.spawning import PIPE, PYTHON, companion, spawn

ROOT = Path(__file__).parents[3]
STARTS = re.compile(
    r"os\.(exec\w+|posix_spawnp?|spawn\w+|system|popen|fork|forkpty)|pty\.\w+|subprocess\.\w+"
    r"|.*\bcreate_subprocess_(exec|shell)|.*\bsubprocess_(exec|shell)|(multiprocessing|mp)\..*"
)
OUTSIDE = "agent/tooling/sandbox/inside/"
"""What runs in an interpreter of its own, where it forks."""


def test_nothing_else_in_the_tree_starts_programs() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "agent").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and STARTS.fullmatch(ast.unparse(node.func))
    }
    assert {name for name in found if not name.startswith(OUTSIDE)} == {"agent/tooling/spawning.py"}


async def test_a_program_inherits_neither_variables_nor_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "canary")
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)  # noqa: FBT003
    code = (
        "import os; print(os.getcwd(), dict(os.environ), os.listdir('/proc/self/fd'), "
        "os.getsid(0) == os.getpid())"
    )
    program = await spawn([*PYTHON, "-c", code], variables={"LC_ALL": "C"})
    out, _ = await program.communicate()
    # The fourth descriptor is the listing itself.
    assert out.decode().strip() == "/ {'LC_ALL': 'C'} ['0', '1', '2', '3'] True"
    os.close(reading)
    os.close(writing)


async def test_a_program_reads_what_it_is_given_and_works_where_it_is_told(tmp_path: Path) -> None:
    program = await spawn(
        ["/bin/sh", "-c", "cat; pwd; echo no >&2"], folder=tmp_path, stdin=PIPE, stderr=PIPE
    )
    assert await program.communicate(b"yes\n") == (f"yes\n{tmp_path}\n".encode(), b"no\n")


def test_a_companion_lives_until_its_input_ends() -> None:
    reading, writing = os.pipe()
    program = companion(["/bin/cat"], reading)
    os.close(reading)
    assert program.poll() is None
    os.close(writing)
    assert program.wait(5) == 0
