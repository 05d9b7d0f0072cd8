"""The filter, run as the kernel runs it: which calls pass, and with which arguments."""

import errno
import struct

import pytest

from agent.tooling.sandbox.inside import seccomp

ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
NUMBERS = """
read 0 63, ptrace 101 117, clone 56 220, clone3 435 435, unshare 272 97, kill 62 129, ioctl 16 29,
fchmodat 268 53, openat 257 56, mknodat 259 33, socket 41 198, socketpair 53 199,
memfd_create 319 279, shmget 29 194, mq_open 240 180, utimensat 280 88, prlimit64 302 261,
setpriority 141 140, personality 135 92, io_uring_setup 425 425, mkdirat 258 34, fsetxattr 190 7,
renameat 264 38
"""
"""Of calls, on each machine; found apart from the filter's own table."""


def number(machine: str, name: str) -> int:
    rows = (row.split() for row in NUMBERS.replace("\n", " ").split(","))
    return next(int(row[1 + list(MACHINES).index(machine)]) for row in rows if row[0] == name)


def verdict(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    """What a filter says of a call: a small interpreter of the instructions it uses."""
    words = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    given = struct.pack("<iIQ6Q", number, architecture, 0, *(word % 2**64 for word in words))
    held = at = 0
    for _ in range(4096):
        code, when, otherwise, value = struct.unpack_from("<HBBI", program, 8 * at)
        at += 1
        if code == 0x20:
            (held,) = struct.unpack_from("<I", given, value)
        elif code == 0x54:
            held &= value
        elif code == 0x06:
            return int(value)
        else:
            holds = {0x15: held == value, 0x45: bool(held & value), 0x35: held >= value}[code]
            at += when if holds else otherwise
    raise AssertionError("the filter does not end")


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def said(machine: str, name: str, *arguments: int, is_alone: bool = True, changes: bool = True) -> int:
    program = seccomp.program(machine, is_alone=is_alone, changes_properties=changes)
    return verdict(program, MACHINES[machine], number(machine, name), *arguments)


REFUSED = FAIL | errno.EPERM
MISSING = FAIL | errno.ENOSYS
NO_FAMILY = FAIL | errno.EAFNOSUPPORT
CREATE, NEW_USER = 0o100, 0x10000000
EVERYWHERE = [
    ("read", (0,), ALLOW),
    ("renameat", (0,), ALLOW),
    ("ptrace", (0,), REFUSED),
    ("clone", (17,), ALLOW),
    ("clone", (17 | NEW_USER,), REFUSED),
    ("clone3", (), MISSING),
    ("unshare", (0x400,), ALLOW),
    ("unshare", (NEW_USER,), REFUSED),
    ("unshare", (0x80,), REFUSED),
    ("kill", (1, 15), ALLOW),
    ("kill", (-1, 9), REFUSED),
    ("ioctl", (0, 0x5401), ALLOW),
    ("ioctl", (0, 0x5412), REFUSED),
    ("ioctl", (0, 0x5412 | 1 << 32), REFUSED),
    ("fchmodat", (0, 0, 0o755), ALLOW),
    ("fchmodat", (0, 0, 0o4755), REFUSED),
    ("fchmodat", (0, 0, 0o2755), REFUSED),
    ("openat", (0, 0, 0, 0o4755), ALLOW),
    ("openat", (0, 0, CREATE, 0o644), ALLOW),
    ("openat", (0, 0, CREATE, 0o4755), REFUSED),
    ("mkdirat", (0, 0, 0o2755), ALLOW),
    ("mkdirat", (0, 0, 0o4755), REFUSED),
    ("mknodat", (0, 0, 0o010644), ALLOW),
    ("mknodat", (0, 0, 0o060644), REFUSED),
    ("mknodat", (0, 0, 0o020644), REFUSED),
    ("personality", (0xFFFFFFFF,), ALLOW),
    ("personality", (0x0040000,), REFUSED),
    ("io_uring_setup", (), MISSING),
    ("memfd_create", (), MISSING),
    ("shmget", (), MISSING),
    ("socketpair", (1, 1), ALLOW),
    ("socketpair", (2, 1), NO_FAMILY),
]


@pytest.mark.parametrize("is_alone", [True, False])
@pytest.mark.parametrize(("name", "arguments", "expected"), EVERYWHERE)
def test_what_holds_everywhere(
    name: str,
    arguments: tuple[int, ...],
    expected: int,
    machine: str,
    *,
    is_alone: bool,
) -> None:
    assert said(machine, name, *arguments, is_alone=is_alone) == expected


@pytest.mark.parametrize(
    ("name", "arguments", "alone", "among_others"),
    [
        ("socket", (1, 1), ALLOW, NO_FAMILY),
        ("socket", (2, 1), ALLOW, NO_FAMILY),
        ("socket", (16, 3), ALLOW, NO_FAMILY),
        ("socket", (40, 1), NO_FAMILY, NO_FAMILY),
        ("socketpair", (1, 2), ALLOW, NO_FAMILY),
        ("socketpair", (1, 3), ALLOW, NO_FAMILY),
        ("socketpair", (1, 5 | 0o2000000), ALLOW, ALLOW),
        ("mq_open", (), ALLOW, MISSING),
        ("prlimit64", (0, 7), ALLOW, ALLOW),
        ("prlimit64", (77, 7), ALLOW, REFUSED),
        ("setpriority", (0, 0), ALLOW, ALLOW),
        ("setpriority", (0, 77), ALLOW, REFUSED),
        ("setpriority", (2, 0), ALLOW, REFUSED),
    ],
)
def test_who_is_not_alone_may_less(
    name: str, arguments: tuple[int, ...], alone: int, among_others: int, machine: str
) -> None:
    assert said(machine, name, *arguments) == alone
    assert said(machine, name, *arguments, is_alone=False) == among_others


@pytest.mark.parametrize("name", ["fchmodat", "utimensat", "fsetxattr"])
def test_properties_of_files_can_be_closed(name: str, machine: str) -> None:
    assert said(machine, name, is_alone=False) == ALLOW
    assert said(machine, name, is_alone=False, changes=False) == REFUSED


def test_another_architecture_ends_the_program(machine: str) -> None:
    program = seccomp.program(machine, is_alone=True)
    assert verdict(program, 0x40000003, 11) == KILL


def test_the_door_of_x32_is_closed() -> None:
    program = seccomp.program("x86_64", is_alone=True)
    assert verdict(program, MACHINES["x86_64"], 0x40000000 | 101) == MISSING
