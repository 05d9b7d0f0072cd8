"""The processes a command has become: who they are, what they hold, and their end."""

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PAGE = os.sysconf("SC_PAGE_SIZE")
_PATIENCE = 10.0
_PAUSE = 0.002
_STATE, _THREADS, _PAGES = 0, 17, 21
"""Where things stand in /proc/<pid>/stat, after the name. Source: proc_pid_stat(5)."""


class Member(NamedTuple):
    """One process."""

    memory: int
    """Bytes it sees in memory; what it shares is counted for each who shares it."""
    threads: int


def members(root: int) -> dict[int, Member]:
    """Every process that descends from this one, by its number."""
    found: dict[int, Member] = {}
    waiting = _children(root)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found[pid] = _member(pid)
            waiting += _children(pid)
    return found


def read_member(stat: bytes) -> Member:
    """What /proc/<pid>/stat says; a process that has ended holds nothing.

    >>> read_member(b"7 (a) b) S" + b" 1" * 16 + b" 3" + b" 0" * 3 + b" 2" + b" 0" * 9).threads
    3
    """
    fields = stat[stat.rindex(b")") + 2 :].split()
    if fields[_STATE] == b"Z":
        return Member(0, 0)
    return Member(int(fields[_PAGES]) * PAGE, int(fields[_THREADS]))


def shared_memory(pids: Iterable[int]) -> int:
    """Bytes these processes hold together, what they share counted once: slower than asking each."""
    return sum(map(_proportion, pids))


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to all of them that are still there and ours."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def end(patience: float = _PATIENCE) -> bool:
    """Kill every descendant of this process and wait for it; False when some would not go.

    As this process is a subreaper, whoever is left alone by a parent becomes its child: when it has no child
    any more, nothing is left.
    """
    deadline = time.monotonic() + patience
    while not _has_none():
        everybody = members(os.getpid())
        send(everybody, signal.SIGSTOP)  # or those who are last in the list fork meanwhile
        send(everybody, signal.SIGKILL)
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True


def collect(wanted: int) -> int | None:
    """Bury all who have ended; the state of the wanted one when it is among them."""
    while True:
        try:
            pid, state = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid in (0, wanted):
            return state if pid else None


def _has_none() -> bool:
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return False
        except ChildProcessError:
            return True


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_bytes().split())
    return found


def _member(pid: int) -> Member:
    try:
        return read_member(Path(f"/proc/{pid}/stat").read_bytes())
    except OSError:
        return Member(0, 0)  # it ended meanwhile


def _proportion(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines()
    except OSError:
        return _member(pid).memory
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(b"Pss:")), 0)
