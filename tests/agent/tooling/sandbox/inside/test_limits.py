"""What the kernel counts for a command."""

import sys
from pathlib import Path

import pytest

from agent.tooling.sandbox.inside import limits
from agent.tooling.spawning import spawn

ROOT = Path(__file__).parents[5] / "agent" / "tooling" / "sandbox"
LIMITED = """
import os, resource, sys
sys.path.insert(0, sys.argv[1])
from inside import limits
limits.apply(cpu=5, memory=1 << 28, files=50, file_size=1 << 20)
for name in ("CPU", "DATA", "NOFILE", "FSIZE", "CORE"):
    print(resource.getrlimit(getattr(resource, "RLIMIT_" + name)))
"""
TASKS = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from inside import limits
limits.apply_tasks(20)
made = 0
try:
    for _ in range(200):
        if os.fork() == 0:
            time.sleep(600)
        made += 1
except OSError:
    print(made)
import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); sys.stdout.flush(); os.killpg(0, signal.SIGTERM)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the supervisor is of Linux")
async def test_limits_cannot_be_raised_again() -> None:
    program = await spawn([sys.executable, "-c", LIMITED, str(ROOT)])
    said = (await program.communicate())[0].decode().splitlines()
    assert said == ["(5, 7)", "(268435456, 268435456)", "(50, 50)", "(1048576, 1048576)", "(0, 0)"]


@pytest.mark.unprivileged
async def test_tasks_are_counted_from_where_they_stand() -> None:
    program = await spawn([sys.executable, "-c", TASKS, str(ROOT)])
    assert 1 <= int((await program.communicate())[0]) < 100


def test_other_limits_are_somebody_elses() -> None:
    assert "tasks" not in limits.named({"cpu": 1, "memory": 1, "files": 1, "file_size": 1, "tasks": 1})
