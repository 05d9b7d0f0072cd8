"""What a command may use, as far as the kernel counts it."""

import os
import resource
from collections.abc import Mapping

_LOCKED_MEMORY = 8 << 20
_WAITING_SIGNALS = 1024
_GRACE = 2
"""Seconds between the signal that says why and the one that ends it."""
_FEWEST, _MOST = 32, 1 << 20


def apply(cpu: int, memory: int, files: int, file_size: int) -> None:
    """Limit this process and all it starts.

    Args:
        cpu: seconds, of each process.
        memory: bytes, of each process; data, not addresses: Node and Java reserve far more than they use.
        files: open at once.
        file_size: bytes of the largest file.
    """
    _limit(resource.RLIMIT_CPU, cpu, cpu + _GRACE)
    _limit(resource.RLIMIT_DATA, memory)
    _limit(resource.RLIMIT_NOFILE, files)
    _limit(resource.RLIMIT_FSIZE, file_size)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_MEMLOCK, _LOCKED_MEMORY)
    for name in ("RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO"):
        _limit(getattr(resource, name), 0)
    _limit(resource.RLIMIT_SIGPENDING, _WAITING_SIGNALS)


def apply_tasks(most: int) -> None:
    """Limit how many tasks may be added.

    The kernel counts all tasks of a user on the machine, other containers too, and tells nobody the number:
    so find by trying from where on there is room for one more.
    """
    ceiling = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    room = _FEWEST
    while room < _MOST and not _can_fork(room, ceiling):
        room = room * 5 // 4 + 8
    _limit(resource.RLIMIT_NPROC, room + most)


def named(limits: Mapping[str, int]) -> dict[str, int]:
    """Of all limits those that `apply` takes.

    >>> named({"cpu": 1, "memory": 2, "files": 3, "file_size": 4, "tasks": 5})
    {'cpu': 1, 'memory': 2, 'files': 3, 'file_size': 4}
    """
    return {name: limits[name] for name in ("cpu", "memory", "files", "file_size")}


def _can_fork(room: int, ceiling: int) -> bool:
    resource.setrlimit(resource.RLIMIT_NPROC, (room, ceiling))
    try:
        pid = os.fork()
    except BlockingIOError:
        return False
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


def _limit(which: int, soft: int, hard: int | None = None) -> None:
    ceiling = resource.getrlimit(which)[1]
    wanted = soft if hard is None else hard
    if ceiling != resource.RLIM_INFINITY:
        soft, wanted = min(soft, ceiling), min(wanted, ceiling)
    resource.setrlimit(which, (soft, wanted))
