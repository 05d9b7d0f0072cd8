"""Stands between the app and a command: confines it, watches it, and ends all it became.

It lives outside of the sandbox. When its lifeline ends, as the app is done, gone or killed, the command does.
"""

import json
import os
import signal
from contextlib import suppress
from typing import Any, NamedTuple

from . import landlock, limits, seccomp, system, tree
from .measuring import Gauge
from .watching import Outcome, Watch

BEGUN = b"\n"
"""Said before anything happens: who hears nothing of it may ask again."""
_UMASK = 0o077
_NOT_STARTED = 127
_TOLD_CPU = 128 + signal.SIGXCPU
_WORDS = 500
_MOST_DESCRIPTORS = 1 << 16
_DEVICES = ("null", "zero", "full", "random", "urandom")

Configuration = dict[str, Any]
"""What to do; made by `agent.tooling.sandbox.backends`."""


class Channels(NamedTuple):
    """What a supervisor is given, as descriptors."""

    configuration: int
    lifeline: int
    """Ends when the app is gone or wants the command's end."""
    status: int
    """Where the end is told."""
    input: int
    output: int
    error: int


def supervise(channels: Channels) -> None:
    """Run one command to its end, and tell of it."""
    os.write(channels.status, BEGUN)
    os.setsid()
    system.control(system.SET_SUBREAPER, 1)
    system.control(system.SET_DUMPABLE, 0)  # nobody of the same user reads our memory
    with os.fdopen(channels.configuration, "rb") as written:
        wanted: Configuration = json.load(written)
    passed, told = _descriptors(wanted)
    gauges = [Gauge(*measured) for measured in wanted["measured"]]
    for gauge in gauges:
        gauge.measure()  # what is small is known before the command begins
    pid, complaints = _fork(wanted, channels, passed)
    _let_go((*channels[3:], *passed))
    complaint = _read(complaints).decode(errors="replace")
    watch = Watch(pid, channels.lifeline, gauges, wanted["limits"])
    outcome = watch.wait()
    if not tree.end():
        complaint = complaint or "some of its processes could not be ended"
    if outcome.reason == "exit" and told >= 0 and b'"exit-code"' not in _read(told):
        complaint = complaint or "the sandbox could not be set up"
    _tell(channels.status, {**ending(outcome, complaint), "peak": watch.peak})


def ending(outcome: Outcome, complaint: str) -> dict[str, object]:
    """What is told of an end.

    >>> ending(Outcome("exit", 256), "")
    {'exit_code': 1, 'signal': None, 'reason': 'exit', 'complaint': ''}
    >>> ending(Outcome("exit", 9), "")["signal"]
    9
    """
    code = os.waitstatus_to_exitcode(outcome.state) if outcome.reason == "exit" and not complaint else None
    reason = "broken" if complaint else outcome.reason
    if reason == "exit" and code in (_TOLD_CPU, -signal.SIGXCPU):
        reason = "cpu"
    return {
        "exit_code": code if code is not None and code >= 0 else None,
        "signal": -code if code is not None and code < 0 else None,
        "reason": reason,
        "complaint": complaint,
    }


def _descriptors(wanted: Configuration) -> tuple[list[int], int]:
    """Put what arguments name into descriptors; gives them, and where bubblewrap tells of its work."""
    passed: list[int] = []
    told = -1
    for position, argument in enumerate(wanted["argv"]):
        if isinstance(argument, str):
            continue
        if "text" in argument:
            passed.append(_held(argument["text"].encode()))
        elif "filter" in argument:
            passed.append(_held(seccomp.program(os.uname().machine, is_alone=True)))
        else:
            told, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            passed.append(writing)
        wanted["argv"][position] = str(passed[-1])
    return passed, told


def _held(raw: bytes) -> int:
    descriptor = os.memfd_create("given")
    os.write(descriptor, raw)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _fork(wanted: Configuration, channels: Channels, passed: list[int]) -> tuple[int, int]:
    """Start the command; gives its number, and where it complains when it does not come to it."""
    reading, complaints = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        try:
            _become(wanted, channels, passed, complaints)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told and nothing runs
            os.write(complaints, f"{type(error).__name__}: {error}".encode()[:_WORDS])
        finally:
            os._exit(_NOT_STARTED)
    os.close(complaints)
    return pid, reading


def _become(wanted: Configuration, channels: Channels, passed: list[int], complaints: int) -> None:
    system.control(system.SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    os.setsid()
    _forget_signals()
    os.umask(_UMASK)
    for place, descriptor in enumerate(channels[3:]):
        os.dup2(descriptor, place)
    _close_all_but(passed, complaints)
    limits.apply(**limits.named(wanted["limits"]))
    os.chdir(wanted["folder"])
    if wanted["backend"] == "landlock":
        _confine(wanted)
    elif wanted["backend"] == "bypassed":
        _count_tasks(wanted)
    os.execvpe(wanted["argv"][0], wanted["argv"], wanted["environment"])  # noqa: S606


def _confine(wanted: Configuration) -> None:
    system.drop_capabilities()
    _count_tasks(wanted)
    devices = [(f"/dev/{name}", "use") for name in _DEVICES]
    landlock.restrict([*map(tuple, wanted["rules"]), *devices])
    machine, changes = os.uname().machine, not wanted["is_read_only"]
    seccomp.install(seccomp.program(machine, is_alone=False, changes_properties=changes))


def _count_tasks(wanted: Configuration) -> None:
    if os.getuid() != 0:  # whose tasks nobody counts
        limits.apply_tasks(wanted["limits"]["tasks"])


def _forget_signals() -> None:
    for number in range(1, signal.NSIG):
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _close_all_but(passed: list[int], complaints: int) -> None:
    last = 2
    for descriptor in sorted((*passed, complaints)):
        os.closerange(last + 1, descriptor)
        last = descriptor
    os.closerange(last + 1, _MOST_DESCRIPTORS)
    for descriptor in passed:
        os.set_inheritable(descriptor, True)  # noqa: FBT003


def _let_go(descriptors: tuple[int, ...]) -> None:
    """The pipes belong to the command alone, so that they end with it."""
    for descriptor in descriptors:
        os.close(descriptor)


def _read(descriptor: int) -> bytes:
    read = b""
    with suppress(BlockingIOError):
        while some := os.read(descriptor, 1 << 16):
            read += some
    return read


def _tell(status: int, words: dict[str, object]) -> None:
    with suppress(BrokenPipeError):  # the app is gone
        os.write(status, json.dumps(words).encode())
