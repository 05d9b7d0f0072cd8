"""Programs that begin with their libraries imported: each a fork of one that has nothing else to do."""

import atexit
import json
import os
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parent.parent


CAN_FORK = hasattr(os, "pidfd_open")


def begun(
    program: str, arguments: tuple[str, ...], folder: Path, variables: dict[str, str], errors: IO[str]
) -> subprocess.Popen[str]:
    """Start a program in a folder, with these variables and no others; its output can be read."""
    if CAN_FORK:
        return Forked(program, arguments, folder, variables, errors)
    return executed(program, arguments, folder, variables, errors)


def executed(
    program: str, arguments: tuple[str, ...], folder: Path, variables: dict[str, str], errors: IO[str]
) -> subprocess.Popen[str]:
    """Start a program from nothing, as a person would."""
    command = [sys.executable, "-m", program, *arguments]
    return subprocess.Popen(
        command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=errors, text=True
    )


class Forked(subprocess.Popen[str]):
    """A program like one that `subprocess` starts, but for its parent, which tells of its end."""

    def __init__(
        self,
        program: str,
        arguments: tuple[str, ...],
        folder: Path,
        variables: dict[str, str],
        errors: IO[str],
    ) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reading, writing = os.pipe()
        order = {"program": program, "arguments": arguments, "folder": str(folder), "variables": variables}
        socket.send_fds(warm(), [json.dumps(order).encode()], [writing, errors.fileno(), theirs.fileno()])
        os.close(writing)
        theirs.close()
        self._ending = ours
        self.args = [program, *arguments]
        self.pid = int(ours.recv(32))
        self.stdin = self.stderr = None
        self.stdout = os.fdopen(reading)
        self.text_mode, self.encoding, self.errors = True, "utf-8", "strict"
        self.returncode: int | None = None
        self._communication_started = False
        self._input: Any = None
        self._child_created = True

    def poll(self) -> int | None:
        """Its exit code, when it has ended."""
        return self._told(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; gives its exit code."""
        code = self._told(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def _told(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._ending.settimeout(timeout)
            try:
                told = self._ending.recv(32)
            except (TimeoutError, BlockingIOError):
                return None
            self._ending.close()
            self.returncode = int(told)
        return self.returncode


@cache
def warm() -> socket.socket:
    """The way to this process's own warm program, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    variables = {**os.environ, "PYTHONPATH": path}
    with theirs:
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.warm"], cwd=ROOT, env=variables, stdin=theirs
        )

    def end() -> None:
        ours.close()
        program.wait()

    atexit.register(end)
    return ours
