"""Our end of the spawner, the one program that forks the supervisors of all commands."""

import asyncio
import socket
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from agent.tooling.sandbox.inside.spawner import REQUEST
from agent.tooling.spawning import PYTHON, companion

_PATIENCE = 2.0
_LAUNCH = "import sys; sys.path.insert(0, sys.argv[1]); from inside.spawner import main; main()"
"""Only what lies beside us can be imported; neither the environment nor the folder it runs in has a say."""


class Spawner:
    """Starts the program when it is first asked, and anew when it is gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._program: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """Of the program; None before it was first asked."""
        return self._program.pid if self._program else None

    async def request(self, descriptors: Sequence[int]) -> None:
        """Ask for a supervisor.

        Args:
            descriptors: what `inside.supervisor.Channels` names; they stay ours to close.
        """
        await asyncio.to_thread(self._request, descriptors)

    async def close(self) -> None:
        """End the program; commands that run go on until their own lifeline ends."""
        await asyncio.to_thread(self._close)

    def _request(self, descriptors: Sequence[int]) -> None:
        with self._lock:
            try:
                self._send(descriptors)
            except (BrokenPipeError, ConnectionResetError):  # it was killed; nobody has seen the request
                self._begin()
                self._send(descriptors)

    def _send(self, descriptors: Sequence[int]) -> None:
        if self._requests is None:
            self._begin()
        if self._requests is not None:
            socket.send_fds(self._requests, [REQUEST], descriptors)

    def _begin(self) -> None:
        self._end()
        ours, theirs = socket.socketpair()
        with theirs:
            argv = [*PYTHON, "-c", _LAUNCH, str(Path(__file__).parent)]
            self._program, self._requests = companion(argv, theirs.fileno()), ours

    def _close(self) -> None:
        with self._lock:
            self._end()

    def _end(self) -> None:
        """It ends with its socket; waiting for it leaves no dead behind."""
        if self._requests:
            self._requests.close()
        if self._program:
            with suppress(subprocess.TimeoutExpired):
                self._program.wait(_PATIENCE)
            self._program.kill()
            self._program.wait()
        self._program = self._requests = None


spawner = Spawner()
"""The one of this app."""
