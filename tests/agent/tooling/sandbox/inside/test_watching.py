"""A command that is watched: its end, its lifeline, its limits; in a program that has no other children."""

import sys
from pathlib import Path

import pytest

from agent.tooling.spawning import PYTHON, spawn

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")

ROOT = Path(__file__).parents[5] / "agent" / "tooling" / "sandbox"
WATCHES = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from inside import tree
from inside.measuring import Gauge
from inside.watching import Watch
line, said, folder, limits = sys.argv[2:]
lifeline, ours = os.pipe()
gauge = Gauge(folder, 1 << 20, 100)
gauge.measure()
pid = os.fork()
if pid == 0:
    os.execv("/bin/sh", ["/bin/sh", "-c", line])
if said == "end":
    os.close(ours)
else:
    os.write(ours, said.encode())
watch = Watch(pid, lifeline, [gauge], {"wall": 0, "memory": 1 << 40, "tasks": 1 << 20, **json.loads(limits)})
print(*watch.wait(), tree.end())
"""


async def outcome(line: str, folder: Path, *, said: str = "", limits: str = "{}") -> str:
    program = await spawn([*PYTHON, "-c", WATCHES, str(ROOT), line, said, str(folder), limits])
    return (await program.communicate())[0].decode().strip()


async def test_the_end_of_a_command_is_told_with_its_state(tmp_path: Path) -> None:
    assert await outcome("exit 3", tmp_path) == f"exit {3 << 8} True"


@pytest.mark.parametrize(("said", "reason"), [("o", "output"), ("x", "stopped"), ("end", "stopped")])
async def test_the_lifeline_says_why(said: str, reason: str, tmp_path: Path) -> None:
    assert await outcome("exec sleep 600", tmp_path, said=said) == f"{reason} 0 True"


@pytest.mark.parametrize(
    ("line", "limits", "reason"),
    [
        ("exec sleep 600", '{"wall": 0.1}', "wall"),
        ("exec sleep 600", '{"memory": 1}', "memory"),
        ("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 600 & done; wait", '{"tasks": 2}', "tasks"),
        ("dd if=/dev/zero of={}/big bs=1M count=9; sleep 600", "{}", "disk"),
        ("seq 200 | (cd {}; xargs touch); sleep 600", "{}", "disk"),
    ],
)
async def test_limits_are_seen(line: str, limits: str, reason: str, tmp_path: Path) -> None:
    assert await outcome(line.replace("{}", str(tmp_path)), tmp_path, limits=limits) == f"{reason} 0 True"
