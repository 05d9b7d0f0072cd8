"""Programs that tools start: marked with their session, so that none outlives the server that started it."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

MARK = "MAESTRO_SESSION"
"""Stands in the environment of every program a tool starts, and so of all that those start."""
PATIENCE = 5.0
"""Seconds until a killed program must be gone."""


def marked(session_id: str) -> dict[str, str]:
    """What a tool adds to the environment of a program it starts.

    >>> marked("s")
    {'MAESTRO_SESSION': 's'}
    """
    return {MARK: session_id}


async def stop(session_id: str) -> int:
    """Kill every program that was started for a session, and wait until they are gone; gives their number.

    Raises:
        TimeoutError: one could not be killed: it runs on, or waits for a broken disk.
    """
    return await asyncio.to_thread(_stop, session_id)


def _stop(session_id: str) -> int:
    killed: set[int] = set()
    deadline = time.monotonic() + PATIENCE
    while found := _running(session_id):
        for pid in found:
            _kill(pid)
        killed |= found
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(found)} programs of session {session_id} cannot be stopped")
        time.sleep(0.01)
    return len(killed)


def _running(session_id: str) -> set[int]:
    """The programs with a session's mark that have not ended.

    Source: proc_pid_environ(5); a zombie's is empty. Where there is no /proc, none is found.
    """
    mark = f"{MARK}={session_id}".encode()
    return {
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if mark in _environment(folder).split(b"\0")
    } - {os.getpid()}


def _environment(folder: Path) -> bytes:
    try:
        return (folder / "environ").read_bytes()
    except OSError:
        return b""  # it ended meanwhile, or is somebody else's


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
