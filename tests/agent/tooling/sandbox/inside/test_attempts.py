"""What the probe tries must be possible where nothing holds it back, or it proves nothing."""

import json
import sys
from pathlib import Path

import pytest

from agent.tooling.sandbox.inside import attempts
from agent.tooling.sandbox.inside.attempts import Field
from agent.tooling.spawning import PYTHON, spawn

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it tries a sandbox of Linux")


async def done(folder: Path, *, is_read_only: str) -> set[str]:
    """What can be done in a field in which nobody listens; in a program of its own, which is traced after."""
    (folder / "secret").write_text("token")
    beside = (str(folder / "secret"), str(folder / "outside"))
    field = Field(*beside, "1", "999999999", "token", str(folder / "socket"), "nobody", is_read_only)
    argv = [*PYTHON, attempts.__file__, *field]
    program = await spawn(argv, folder=folder, variables={"TMPDIR": str(folder)})
    said = (await program.communicate())[0].decode()
    assert said.startswith(attempts.MARK)
    return set(json.loads(said.removeprefix(attempts.MARK)))


async def test_without_a_sandbox_much_succeeds_and_what_is_not_there_does_not(tmp_path: Path) -> None:
    found = await done(tmp_path, is_read_only="no")
    assert {"reads a file outside", "writes a file outside", "traces", "makes a set-user-id file"} <= found
    assert not {"reaches the network", "reaches a socket", "cannot write the workspace"} & found


async def test_a_read_only_workspace_that_can_be_changed_is_told(tmp_path: Path) -> None:
    assert "changes a read-only workspace" in await done(tmp_path, is_read_only="yes")
