"""Landlock on this kernel: what a rule grants, and that nothing else is left."""

import os
import sys
from pathlib import Path

import pytest

from agent.tooling.sandbox.inside import landlock
from agent.tooling.spawning import spawn

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Landlock is of Linux")

ROOT = Path(__file__).parents[5] / "agent" / "tooling" / "sandbox"
TRIES = """
import os, sys
sys.path.insert(0, sys.argv[1])
from inside import landlock
folder, secret = sys.argv[2:]
landlock.restrict([(folder, "write"), ("/nothing/like/it", "read"), ("/usr", "read"), ("/dev/null", "use")])
def try_it(name, work):
    try:
        work()
        print(name, "yes")
    except OSError as error:
        print(name, error.strerror)
try_it("write inside", lambda: open(folder + "/new", "w").write("x"))
try_it("read outside", lambda: open(secret).read())
try_it("cut outside", lambda: os.truncate(secret, 0))
try_it("link inside", lambda: os.link(secret, folder + "/link"))
try_it("list outside", lambda: os.listdir(os.path.dirname(secret)))
try_it("discard", lambda: open("/dev/null", "w").write("x"))
"""


async def test_only_what_is_granted_can_be_done(tmp_path: Path) -> None:
    if landlock.version() < landlock.OLDEST:
        pytest.skip("this kernel has no Landlock, or an old one")
    folder, secret = tmp_path / "inside", tmp_path / "outside" / "secret"
    for path in (folder, secret.parent):
        path.mkdir()
    secret.write_text("canary")
    program = await spawn([sys.executable, "-c", TRIES, str(ROOT), str(folder), str(secret)])
    said = (await program.communicate())[0].decode().splitlines()
    denied = os.strerror(13)
    assert said == [
        "write inside yes",
        f"read outside {denied}",
        f"cut outside {denied}",
        f"link inside {os.strerror(18)}",
        f"list outside {denied}",
        "discard yes",
    ]
    assert secret.read_text() == "canary"


@pytest.mark.parametrize(("version", "length"), [(3, 8), (4, 16), (5, 16), (6, 24), (9, 24)])
def test_each_version_is_given_what_it_knows(version: int, length: int) -> None:
    assert len(landlock.ruleset(version)) == length


def test_nothing_may_be_created_by_who_may_read() -> None:
    made = landlock.MAKE_REGULAR | landlock.MAKE_DIR | landlock.WRITE_FILE | landlock.TRUNCATE
    assert not landlock.RIGHTS["read"] & made
    assert not landlock.RIGHTS["write"] & (landlock.MAKE_CHAR | landlock.MAKE_BLOCK | landlock.DEVICE_CONTROL)
