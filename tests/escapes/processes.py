"""Reaching into programs that run beside it."""

import ctypes
import fcntl
import os
import re
import resource
import signal
import struct
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.escapes.attempts import LANDLOCK, Loot, Places, attempt, first
from tests.escapes.syscalls import syscall

PTRACE_TRACEME, PTRACE_SEIZE = 0, 0x4206
IOPRIO_IDLE = 3 << 13


class Piece(ctypes.Structure):
    """A piece of memory: struct iovec."""

    _fields_ = [("start", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def stack(pid: int) -> tuple[int, int]:
    """Where a program keeps its environment."""
    found = re.search(r"^(\w+)-(\w+) .*\[stack\]$", Path(f"/proc/{pid}/maps").read_text(), re.MULTILINE)
    if found is None:
        raise PermissionError("no stack is seen")
    return int(found[1], 16), int(found[2], 16)


def everybody() -> Iterator[Path]:
    return (path for path in Path("/proc").iterdir() if path.name.isdigit())


def texts(name: str) -> bytes:
    """A file of every program whose file can be read."""
    found = b""
    for path in everybody():
        try:
            found += (path / name).read_bytes()
        except OSError:
            continue
    return found


@attempt("high")
def reads_the_environment_of_a_program(places: Places) -> Loot:
    return Path(f"/proc/{places.victim}/environ").read_bytes()


@attempt("high")
def reads_every_environment(_places: Places) -> Loot:
    """The launcher's too, which is process 1 of a sandbox."""
    return texts("environ")


@attempt("low", residual=LANDLOCK)
def reads_the_arguments_of_a_program(places: Places) -> Loot:
    return Path(f"/proc/{places.victim}/cmdline").read_bytes()


@attempt("low")
def reads_the_map_of_a_program(places: Places) -> Loot:
    return bool(Path(f"/proc/{places.victim}/maps").read_text())


@attempt("high")
def goes_through_the_root_of_a_program(places: Places) -> Loot:
    return Path(f"/proc/{places.victim}/root{places.app}/secret.key").read_bytes()


@attempt("high")
def goes_through_the_folder_of_a_program(places: Places) -> Loot:
    return Path(f"/proc/{places.victim}/cwd/secret.key").read_bytes()


@attempt("high")
def goes_through_the_open_files_of_a_program(places: Places) -> Loot:
    return Path(f"/proc/{places.victim}/fd/{places.descriptor}").read_bytes()


@attempt("high")
def takes_an_open_file_of_a_program(places: Places) -> Loot:
    program = os.pidfd_open(places.victim)
    return os.pread(syscall("pidfd_getfd", program, places.descriptor, 0), 4096, 0)


@attempt("high")
def reads_the_memory_of_a_program(places: Places) -> Loot:
    start, end = stack(places.victim)
    memory = os.open(f"/proc/{places.victim}/mem", os.O_RDONLY)
    return os.pread(memory, end - start, start)


@attempt("high")
def copies_the_memory_of_a_program(places: Places) -> Loot:
    start, end = stack(places.victim)
    room = ctypes.create_string_buffer(end - start)
    here, there = Piece(ctypes.addressof(room), end - start), Piece(start, end - start)
    syscall("process_vm_readv", places.victim, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    return room.raw


@attempt("high")
def writes_the_memory_of_a_program(places: Places) -> Loot:
    start, end = stack(places.victim)
    last = ctypes.create_string_buffer(1)  # the zero at the very end of the stack: nothing changes
    here, there = Piece(ctypes.addressof(last), 1), Piece(end - 1, 1)
    assert start < end
    one = (ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    return syscall("process_vm_writev", places.victim, *one) == 1


@attempt("high")
def traces_a_program(places: Places) -> Loot:
    return syscall("ptrace", PTRACE_SEIZE, places.victim, 0, 0) == 0


@attempt("medium")
def lets_itself_be_traced(_places: Places) -> Loot:
    return syscall("ptrace", PTRACE_TRACEME, 0, 0, 0) == 0


@attempt("medium")
def compares_itself_with_a_program(places: Places) -> Loot:
    return syscall("kcmp", os.getpid(), places.victim, 1, 0, 0) >= 0


@attempt("high")
def kills_a_program(places: Places) -> Loot:
    os.kill(places.victim, signal.SIGKILL)


@attempt("high")
def kills_a_thread_of_a_program(places: Places) -> Loot:
    syscall("tgkill", places.victim, places.victim, int(signal.SIGKILL))


@attempt("high")
def kills_a_program_by_a_descriptor(places: Places) -> Loot:
    signal.pidfd_send_signal(os.pidfd_open(places.victim), signal.SIGKILL)


@attempt("high")
def kills_a_program_by_owning_a_pipe(places: Places) -> Loot:
    """Whoever owns a descriptor is told by a signal; who is made the owner is not asked."""
    end, other = os.pipe()
    fcntl.fcntl(end, fcntl.F_SETOWN, places.victim)
    fcntl.fcntl(end, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(end, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(other, b"!")


@attempt("high")
def stops_a_program(places: Places) -> Loot:
    os.kill(places.victim, signal.SIGSTOP)


@attempt("high")
def signals_the_app(places: Places) -> Loot:
    os.kill(places.server, 0)
    return True


@attempt("high")
def signals_the_group_of_the_app(places: Places) -> Loot:
    os.killpg(os.getpgid(places.server), 0)
    return True


@attempt("high")
def signals_everybody(_places: Places) -> Loot:
    os.kill(-1, 0)
    return True


@attempt("high")
def signals_whoever_started_it(_places: Places) -> Loot:
    """The first process that a sandbox shows is its own."""
    if os.getppid() == 1:
        return False
    os.kill(os.getppid(), 0)
    return True


@attempt("high")
def limits_a_program(places: Places) -> Loot:
    """A program that may open no more files is as good as dead."""
    resource.prlimit(places.victim, resource.RLIMIT_NOFILE, (16, 16))
    return resource.prlimit(places.victim, resource.RLIMIT_NOFILE) == (16, 16)


@attempt("low")
def reads_the_limits_of_a_program(places: Places) -> Loot:
    return bool(resource.prlimit(places.victim, resource.RLIMIT_NOFILE))


@attempt("medium")
def holds_a_program_back(places: Places) -> Loot:
    os.setpriority(os.PRIO_PROCESS, places.victim, 19)
    return True


@attempt("medium")
def binds_a_program_to_one_processor(places: Places) -> Loot:
    os.sched_setaffinity(places.victim, {min(os.sched_getaffinity(0))})
    return True


@attempt("medium")
def makes_a_program_yield_to_all(places: Places) -> Loot:
    os.sched_setscheduler(places.victim, os.SCHED_IDLE, os.sched_param(0))
    return True


@attempt("low")
def makes_a_program_wait_for_the_disk(places: Places) -> Loot:
    return syscall("ioprio_set", 1, places.victim, IOPRIO_IDLE) == 0


@attempt("medium")
def offers_a_program_to_the_memory_killer(places: Places) -> Loot:
    Path(f"/proc/{places.victim}/oom_score_adj").write_text("1000")
    return True


@attempt("low")
def raises_its_limits(_places: Places) -> Loot:
    """Each was taken down for good, so that what it starts cannot have more either."""
    most = resource.RLIM_INFINITY
    limits = resource.RLIMIT_DATA, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU
    return all(resource.getrlimit(limit)[1] == most for limit in limits)


@attempt("low", unreal="only root goes before others")
def goes_before_others(_places: Places) -> Loot:
    return os.nice(-5) < 0


@attempt("medium")
def runs_what_may_gain_rights(_places: Places) -> Loot:
    return first(r"^NoNewPrivs:\s+(\d)", Path("/proc/self/status").read_text()) == "0"


@attempt("medium", unreal="an unprivileged person has none")
def has_capabilities(_places: Places) -> Loot:
    return int(first(r"^CapEff:\s+(\w+)", Path("/proc/self/status").read_text()), 16) != 0


@attempt("high", unreal="only root becomes root")
def becomes_root(_places: Places) -> Loot:
    os.setuid(0)
    return True


@attempt("low", unreal="there is no terminal")
def writes_to_the_terminal(_places: Places) -> Loot:
    return os.open("/dev/tty", os.O_RDWR) >= 0


@attempt("medium", unreal="kernels since 6.2 refuse it to an unprivileged person")
def types_into_a_terminal(_places: Places) -> Loot:
    _, own = os.openpty()
    if os.fork() == 0:
        os.setsid()
        with suppress(OSError):
            fcntl.ioctl(own, 0x540E, 0)
            fcntl.ioctl(own, 0x5412, struct.pack("c", b"x"))
            os._exit(0)
        os._exit(1)
    return os.wait()[1] == 0


@attempt("medium")
def runs_on_with_its_parent_gone(_places: Places) -> Loot:
    """A child that has left group and session, and has forgotten the environment it is marked by."""
    beat = "for i in $(seq 60); do echo $i > beat; sleep 0.02; done"
    line = f"setsid env -i PATH=$PATH setsid sh -c '{beat}' > /dev/null 2>&1 &"
    subprocess.run(["/bin/sh", "-c", line], check=False)
    return None
