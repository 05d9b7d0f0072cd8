"""Taking more than its share: memory, tasks, disk, time, and time after its end.

Each takes a bounded amount above the limit it runs under, so that it harms nobody where there is none.
"""

import ctypes
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

from tests.escapes.attempts import Loot, Places, attempt
from tests.escapes.syscalls import LIBC, checked, syscall

MIB = 1 << 20
THREADS = 150
BEATS = 150


def filled(size: int) -> bytearray:
    """Memory that is really there."""
    taken = bytearray(size)
    taken[::4096] = b"x" * len(taken[::4096])
    return taken


def written(path: Path, size: int) -> None:
    """A file, piece by piece, slowly enough to be seen growing."""
    with path.open("wb") as file:
        for _ in range(size // MIB):
            file.write(b"x" * MIB)
            file.flush()
            time.sleep(0.003)


def all_do(number: int, work: Callable[[int], object]) -> bool:
    """Whether so many children could do it at once."""
    for index in range(number):
        if os.fork() == 0:
            try:
                work(index)
            except (OSError, MemoryError):
                os._exit(1)
            os._exit(0)
    return [os.wait()[1] for _ in range(number)] == [0] * number


def beat(number: int = BEATS) -> None:
    """Leave a sign of life, again and again."""
    for step in range(number):
        Path("beat").write_text(str(step))
        time.sleep(0.02)


def left_alone() -> None:
    """Become a daemon, as they are made: a session of its own, and nobody's child."""
    os.setsid()
    if os.fork():
        os._exit(0)
    for number in range(3):
        os.dup2(os.open("/dev/null", os.O_RDWR), number)


@attempt("medium", limits={"memory": 64 * MIB}, reasons=("exit", "memory"))
def takes_much_memory(_places: Places) -> Loot:
    return len(filled(160 * MIB)) > 0


@attempt("medium", limits={"memory": 64 * MIB}, reasons=("exit", "memory"))
def takes_much_memory_in_many_processes(_places: Places) -> Loot:
    def hold(_: int) -> None:
        kept = filled(24 * MIB)
        time.sleep(0.5)
        kept.clear()

    return all_do(8, hold)


@attempt("medium", limits={"memory": 64 * MIB}, reasons=("exit", "memory"))
def takes_memory_that_is_a_file(_places: Places) -> Loot:
    taken = syscall("memfd_create", ctypes.c_char_p(b"hidden"), 0)
    for _ in range(160):
        os.write(taken, b"x" * MIB)
    return True


@attempt("medium", limits={"memory": 64 * MIB}, reasons=("exit", "memory"))
def takes_memory_that_nobody_maps(_places: Places) -> Loot:
    segments = []
    try:
        for _ in range(5):
            segments.append(syscall("shmget", 0, 32 * MIB, 0o1600))
            place = LIBC.shmat(segments[-1], None, 0)
            ctypes.memset(place, 1, 32 * MIB)
            checked(LIBC.shmdt(ctypes.c_void_p(place)))
    finally:
        for segment in segments:
            LIBC.shmctl(segment, 0, None)
    return True


@attempt("medium", limits={"memory": 64 * MIB, "scratch": 8 * MIB}, reasons=("exit", "memory", "disk"))
def takes_memory_by_sharing_it(_places: Places) -> Loot:
    path = Path("/dev/shm", f"maestro-attempt-{os.getpid()}")  # noqa: S108
    try:
        written(path, 96 * MIB)
    finally:
        path.unlink(missing_ok=True)
    return True


@attempt("medium", limits={"scratch": 8 * MIB, "file_size": 64 * MIB}, reasons=("exit", "disk"))
def fills_the_temporary_folder(_places: Places) -> Loot:
    path = Path(os.environ.get("TMPDIR", "/tmp"), f"maestro-attempt-{os.getpid()}")  # noqa: S108
    try:
        written(path, 40 * MIB)
        time.sleep(0.4)
    finally:
        path.unlink(missing_ok=True)
    return True


@attempt("medium", limits={"scratch": 8 * MIB, "file_size": 64 * MIB}, reasons=("exit", "disk"))
def fills_its_home(_places: Places) -> Loot:
    path = Path.home() / f"maestro-attempt-{os.getpid()}"
    try:
        written(path, 40 * MIB)
        time.sleep(0.4)
    finally:
        path.unlink(missing_ok=True)
    return True


@attempt("medium", limits={"file_size": 8 * MIB}, reasons=("exit",))
def writes_a_huge_file(_places: Places) -> Loot:
    written(Path("huge"), 16 * MIB)
    return True


@attempt("medium", limits={"workspace_size": 8 * MIB}, reasons=("disk",))
def fills_the_workspace(_places: Places) -> Loot:
    for number in range(12):
        written(Path(f"part{number}"), 2 * MIB)
    time.sleep(0.4)
    return True


@attempt("medium", limits={"workspace_size": 8 * MIB}, reasons=("disk",))
def fills_the_workspace_with_many_processes(_places: Places) -> Loot:
    done = all_do(6, lambda number: written(Path(f"part{number}"), 4 * MIB))
    time.sleep(0.4)
    return done


@attempt("medium", limits={"workspace_files": 200}, reasons=("disk",))
def fills_the_workspace_with_empty_files(_places: Places) -> Loot:
    for number in range(2000):
        Path(f"f{number}").touch()
        if not number % 20:
            time.sleep(0.002)
    time.sleep(0.4)
    return True


@attempt("medium", limits={"tasks": 20}, reasons=("exit", "tasks"))
def forks_often(_places: Places) -> Loot:
    return all_do(60, lambda _: time.sleep(0.3))


@attempt("medium", limits={"tasks": 20}, reasons=("exit", "tasks"))
def forks_and_forks_again(_places: Places) -> Loot:
    """Every child has children, six times: 64 are alive at last."""
    first, (start, end) = os.getpid(), os.pipe()
    for _ in range(6):
        os.fork()
    os.write(end, b"!")
    time.sleep(0.3)
    if os.getpid() != first:
        os._exit(0)
    os.set_blocking(start, False)
    return len(os.read(start, 128)) == 64


@attempt("medium", limits={"tasks": 20}, reasons=("exit", "tasks"))
def starts_many_threads(_places: Places) -> Loot:
    threading.stack_size(65536)
    all_there = threading.Event()
    threads = [threading.Thread(target=all_there.wait, daemon=True) for _ in range(THREADS)]
    with suppress(RuntimeError):
        for thread in threads:
            thread.start()
    return sum(thread.is_alive() for thread in threads) == THREADS


@attempt("low", limits={"files": 64}, reasons=("exit",))
def opens_many_files(_places: Places) -> Loot:
    return len([os.open("/dev/null", os.O_RDONLY) for _ in range(200)]) == 200


@attempt("medium", limits={"output_kill": MIB}, reasons=("output",))
def writes_without_end(_places: Places) -> Loot:
    for _ in range(64):
        os.write(1, b"x" * 131072)
    return True


@attempt("medium", limits={"output_kill": MIB}, reasons=("output",))
def complains_without_end(_places: Places) -> Loot:
    for _ in range(64):
        os.write(2, b"\n" * 131072)
    return True


@attempt("high", limits={"wall": 0.5}, reasons=("wall",))
def works_on_past_its_time(_places: Places) -> Loot:
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        pass
    return True


@attempt("high", limits={"wall": 0.5}, reasons=("wall",))
def sleeps_on_past_its_time(_places: Places) -> Loot:
    for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
        with suppress(OSError):
            signal.signal(number, signal.SIG_IGN)
    time.sleep(1.5)
    return True


@attempt("medium", limits={"cpu": 1}, reasons=("cpu",))
def works_longer_than_it_may(_places: Places) -> Loot:
    while time.process_time() < 1.3:
        pass
    return True


@attempt("high")
def lives_on_after_its_end(_places: Places) -> Loot:
    if os.fork() == 0:
        left_alone()
        beat()
        os._exit(0)
    time.sleep(0.1)
    return None


@attempt("high", limits={"wall": 0.4}, reasons=("wall",))
def lives_on_after_its_time(_places: Places) -> Loot:
    if os.fork() == 0:
        left_alone()
        beat()
        os._exit(0)
    time.sleep(1)
    return None


@attempt("high", limits={"wall": 1}, reasons=("exit", "wall", "tasks"))
def lives_on_by_running_away(_places: Places) -> Loot:
    """Each has a child and ends, so that whoever lists the living is always late; the last says so."""
    if os.fork() == 0:
        os.setsid()
        until = time.monotonic() + 2
        for step in count():
            if os.fork():
                os._exit(0)
            if time.monotonic() > until:
                return True
            Path("beat").write_text(str(step))
            time.sleep(0.001)
    time.sleep(0.3)
    return None


@attempt("high")
def lives_on_stopped(_places: Places) -> Loot:
    """Somebody asleep hears of no end."""
    if os.fork() == 0:
        left_alone()
        signal.raise_signal(signal.SIGSTOP)
        os._exit(0)
    time.sleep(0.1)
    return None


@attempt("medium")
def keeps_its_output_open(_places: Places) -> Loot:
    """A child holds the pipe, and says at last that there is still somebody who reads."""
    if os.fork() == 0:
        os.setsid()
        time.sleep(4)
        return True
    return None
