"""The probe finds a backend that holds, and the faults of one that does not."""

import os
import sys

import pytest

from agent.tooling.sandbox.confinement import Backend
from agent.tooling.sandbox.probing import probe

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no sandbox elsewhere")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused as root")
async def test_root_is_refused() -> None:
    (why,) = await probe("bubblewrap")
    assert "root" in why


@pytest.mark.unprivileged
@pytest.mark.parametrize("backend", ["bubblewrap", "landlock"])
async def test_a_sandbox_holds(backend: Backend) -> None:
    assert await probe(backend) == ()


@pytest.mark.unprivileged
async def test_without_a_sandbox_every_attempt_is_seen() -> None:
    faults = await probe("bypassed")
    assert {
        "reads a file outside",
        "lists a folder outside",
        "writes a file outside",
        "reaches the network",
        "reaches a socket",
        "reaches an abstract socket",
        "re-addresses a socket pair",
        "reads the environment of others",
        "traces",
        "makes a namespace",
        "makes a set-user-id file",
        "can gain rights",
        "runs without a filter",
        "ends other processes",
    } <= set(faults)
