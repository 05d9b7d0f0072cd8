"""Calls of the kernel, on this one."""

import sys

import pytest

from agent.tooling.sandbox.inside import system
from agent.tooling.spawning import spawn

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these calls are of Linux")

GET_DUMPABLE = 3


def test_a_refusal_is_an_error_with_the_call_in_it() -> None:
    with pytest.raises(OSError, match="prctl 38"):
        system.control(system.SET_NO_NEW_PRIVILEGES, 7)
    with pytest.raises(OSError, match="nothing"):
        system.call("nothing", 100_000)


def test_an_answer_is_given_back() -> None:
    assert system.control(GET_DUMPABLE) in {0, 1, 2}


async def test_no_capability_stays() -> None:
    code = (
        "from agent.tooling.sandbox.inside import system\n"
        "system.drop_capabilities()\n"
        "known = [line.split() for line in open('/proc/self/status')]\n"
        "print([line[1] for line in known if line[0] in ('CapEff:', 'CapPrm:', 'CapAmb:')])"
    )
    program = await spawn([sys.executable, "-c", code], variables={"PYTHONPATH": ":".join(sys.path)})
    assert (await program.communicate())[0].decode().strip() == str(["0" * 16] * 3)
