"""The processes a command has become, over real ones."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.tooling.sandbox.inside import tree
from agent.tooling.spawning import spawn

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")

ROOT = Path(__file__).parents[5] / "agent" / "tooling" / "sandbox"
ENDS = """
import subprocess, sys, time
sys.path.insert(0, sys.argv[1])
from inside import system, tree
system.control(system.SET_SUBREAPER, 1)
line = "setsid sleep 600 & (setsid sh -c 'sleep 600 & sleep 600' &) ; echo up; sleep 600"
shell = subprocess.Popen(["/bin/sh", "-c", line], stdout=subprocess.PIPE)
shell.stdout.readline()
time.sleep(0.1)
print(len(tree.members(__import__("os").getpid())) >= 4, tree.end(), tree.members(__import__("os").getpid()))
"""


async def test_a_subreaper_ends_all_it_has_become() -> None:
    program = await spawn([sys.executable, "-c", ENDS, str(ROOT)])
    assert (await program.communicate())[0] == b"True True {}\n"


def test_members_are_found_however_deep() -> None:
    line = ["/bin/sh", "-c", "sh -c 'echo up; sleep 600; :'; :"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, start_new_session=True) as shell:
        assert shell.stdout
        shell.stdout.readline()
        mine = {
            pid: member for pid, member in tree.members(os.getpid()).items() if os.getpgid(pid) == shell.pid
        }
        assert shell.pid in mine
        assert len(mine) >= 2
        assert all(member.threads == 1 and member.memory > 0 for member in mine.values())
        assert 0 < tree.shared_memory(mine) <= sum(member.memory for member in mine.values())
        os.killpg(shell.pid, signal.SIGKILL)


def test_who_has_gone_holds_nothing() -> None:
    with subprocess.Popen(["/bin/true"]) as program:
        program.wait()
    tree.send([program.pid], signal.SIGCONT)
    assert tree.shared_memory([program.pid]) == 0
    assert tree.members(program.pid) == {}


def test_a_dead_one_that_nobody_buried_holds_nothing() -> None:
    assert tree.read_member(b"7 (sh) Z 1" + b" 5" * 40) == tree.Member(0, 0)
