import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SAYS = """
import ctypes, sys
sys.path.insert(0, sys.argv[1])
from agent.privacy import keep_private
dumpable = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
before = dumpable()
keep_private()
print(before, dumpable())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the call is Linux's")
def test_nobody_else_may_look_into_the_program() -> None:
    told = subprocess.run([sys.executable, "-c", SAYS, ROOT], capture_output=True, text=True, check=True)
    assert told.stdout.split()[1] == "0"
