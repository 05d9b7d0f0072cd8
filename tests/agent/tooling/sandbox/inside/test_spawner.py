"""The program that forks supervisors, driven over its socket."""

import json
import os
import socket
import sys
from pathlib import Path

import pytest

from agent.tooling.sandbox.inside.spawner import REQUEST
from agent.tooling.sandbox.inside.supervisor import BEGUN
from agent.tooling.spawning import PYTHON, companion

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the supervisor is of Linux")

ROOT = Path(__file__).parents[5] / "agent" / "tooling" / "sandbox"
LAUNCH = "import sys; sys.path.insert(0, sys.argv[1]); from inside.spawner import main; main()"
LIMITS = {"wall": 0, "cpu": 9, "memory": 1 << 30, "tasks": 99, "files": 99, "file_size": 1 << 20}


def test_a_request_becomes_a_supervisor_that_tells_of_the_end(tmp_path: Path) -> None:
    configuration = tmp_path / "configuration"
    wanted = {
        "argv": ["/bin/sh", "-c", "echo here; exit 3"],
        "environment": {},
        "folder": "/",
        "measured": [],
    }
    configuration.write_text(json.dumps({**wanted, "backend": "bypassed", "limits": LIMITS}))
    ours, theirs = socket.socketpair()
    with theirs:
        spawner = companion([*PYTHON, "-c", LAUNCH, str(ROOT)], theirs.fileno())
    lifeline, ours_of_it = os.pipe()
    status, told = os.pipe()
    out, written = os.pipe()
    given = [
        os.open(configuration, os.O_RDONLY),
        lifeline,
        told,
        os.open(os.devnull, os.O_RDONLY),
        written,
        written,
    ]
    with ours:
        socket.send_fds(ours, [REQUEST], given)
        for descriptor in {*given}:
            os.close(descriptor)
        with os.fdopen(out, "rb") as output, os.fdopen(status, "rb") as ending:
            assert output.read() == b"here\n"
            said = ending.read()
    assert said.startswith(BEGUN)
    assert json.loads(said)["exit_code"] == 3
    os.close(ours_of_it)
    assert spawner.wait(5) == 0
