"""Apps of their own, to be killed and looked at."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from agent.tooling.processes import MARK
from tests.escapes.field import Field, working_in

ROOT = Path(__file__).parents[2]
SOON = 10.0
"""Seconds in which a command must have begun."""


@dataclass
class App:
    """An app that runs, and the command it runs."""

    process: subprocess.Popen[bytes]
    workspace: Path
    session: str
    spawner: int

    def members(self) -> dict[int, str]:
        """Every process that belongs to it and is alive, with its arguments."""
        marked = {pid for pid in numbers() if f"{MARK}={self.session}".encode() in environment(pid)}
        found = marked | set(working_in(self.workspace)) | descendants(self.process.pid)
        found |= {self.spawner} | descendants(self.spawner)
        return {pid: arguments(pid).decode(errors="replace") for pid in found if is_alive(pid)}

    def gone_after(self, seconds: float) -> bool:
        """Whether nothing of it is left in time."""
        return _comes(lambda: not self.members(), seconds)


@contextmanager
def running(field: Field, backend: str, line: str) -> Iterator[App]:
    """Start an app that runs a line; it has begun when there is a file named `begun`."""
    session = uuid4().hex
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.escapes.program", backend, str(field.workspace), session, line],
        cwd=ROOT,
        env={**field.environment(), "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    try:
        app = App(process, field.workspace, session, int(process.stdout.readline()))
        wait_for(field.workspace / "begun")
        yield app
    finally:
        process.kill()
        process.communicate()


def wait_for(path: Path) -> None:
    """Until there is such a file."""
    assert _comes(path.exists, SOON), f"there is no {path}"


def _comes(what: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def numbers() -> set[int]:
    """Every process there is."""
    return {int(path.name) for path in Path("/proc").glob("[0-9]*")}


def descendants(pid: int) -> set[int]:
    """Whoever a process has started, and whoever those have."""
    found: set[int] = set()
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, tasks.read_text().split()):
                found |= {child} | descendants(child)
    return found


def environment(pid: int) -> bytes:
    """Nothing where it may not be read."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def arguments(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def is_alive(pid: int) -> bool:
    """Whether it runs; the dead that nobody has buried do not."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1] not in {b"Z", b"X"}
    except OSError:
        return False
