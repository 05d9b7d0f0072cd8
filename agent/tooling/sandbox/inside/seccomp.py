"""The system calls a command may make: a seccomp filter, assembled here.

A list of what is refused, on a pinned architecture. Source: seccomp(2), <linux/filter.h>.
"""

import ctypes
import errno
import struct

from . import system

Instruction = tuple[int, int, int, int]
"""Operation, where to jump when it holds, where when not, a number."""

_LOAD, _IF_EQUAL, _IF_BITS, _IF_AT_LEAST, _RETURN, _AND = 0x20, 0x15, 0x45, 0x35, 0x06, 0x54
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_FILTER = 2

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The architectures we know, by the name the system gives them."""
_X32 = 0x40000000

_TABLE = """\
acct 163 89, add_key 248 217, bpf 321 280, chmod 90 -, chown 92 -, chroot 161 51, clock_settime 227 112,
clone 56 220, clone3 435 435, creat 85 -, delete_module 176 106, fanotify_init 300 262, fchmod 91 52,
fchmodat 268 53, fchmodat2 452 452, fchown 93 55, fchownat 260 54, file_setattr 469 469,
finit_module 313 273, fremovexattr 199 16, fsconfig 431 431, fsetxattr 190 7, fsmount 432 432,
fsopen 430 430, fspick 433 433, futimesat 261 -, init_module 175 105, io_uring_enter 426 426,
io_uring_register 427 427, io_uring_setup 425 425, ioctl 16 29, ioperm 173 -, iopl 172 -, kcmp 312 272,
kexec_file_load 320 294, kexec_load 246 104, keyctl 250 219, kill 62 129, lchown 94 -, lookup_dcookie 212 18,
lremovexattr 198 15, lsetxattr 189 6, memfd_create 319 279, memfd_secret 447 447, migrate_pages 256 238,
mkdir 83 -, mkdirat 258 34, mknod 133 -, mknodat 259 33, modify_ldt 154 -, mount 165 40,
mount_setattr 442 442, move_mount 429 429, move_pages 279 239, mq_open 240 180, mq_unlink 241 181,
msgctl 71 187, msgget 68 186, msgrcv 70 188, msgsnd 69 189, open 2 -, open_by_handle_at 304 265,
open_tree 428 428, open_tree_attr 467 467, openat 257 56, openat2 437 437, perf_event_open 298 241,
personality 135 92, pidfd_getfd 438 438, pivot_root 155 41, process_madvise 440 440,
process_vm_readv 310 270, process_vm_writev 311 271, ptrace 101 117, quotactl 179 60, quotactl_fd 443 443,
reboot 169 142, removexattr 197 14, removexattrat 466 466, request_key 249 218, semctl 66 191, semget 64 190,
semop 65 193, semtimedop 220 192, setdomainname 171 162, sethostname 170 161, setns 308 268,
settimeofday 164 170, setxattr 188 5, setxattrat 463 463, shmat 30 196, shmctl 31 195, shmget 29 194,
socket 41 198, socketpair 53 199, swapoff 168 225, swapon 167 224, syslog 103 116, umount2 166 39,
unshare 272 97, userfaultfd 323 282, utime 132 -, utimensat 280 88, utimes 235 -, vhangup 153 58,
prlimit64 302 261, setpriority 141 140, sched_setparam 142 118, sched_setscheduler 144 119,
sched_setattr 314 274, sched_setaffinity 203 122, ioprio_set 251 30"""
"""Each call with its number on x86_64 and aarch64. Source: <asm/unistd_64.h>, <asm-generic/unistd.h>."""

_REFUSED = (
    *("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "process_madvise"),
    *("bpf", "perf_event_open", "userfaultfd", "memfd_secret", "add_key", "request_key", "keyctl"),
    *("mount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr", "move_mount", "fsopen"),
    *("fsconfig", "fsmount", "fspick", "mount_setattr", "setns", "init_module", "finit_module"),
    *("delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff", "acct"),
    *("settimeofday", "clock_settime", "quotactl", "quotactl_fd", "open_by_handle_at", "lookup_dcookie"),
    *("iopl", "ioperm", "modify_ldt", "syslog", "fanotify_init", "sethostname", "setdomainname", "vhangup"),
    *("move_pages", "migrate_pages"),
)
_MISSING = (
    # What they are asked for lies behind a pointer, where no filter looks; libc goes on without them.
    *("io_uring_setup", "io_uring_enter", "io_uring_register", "clone3", "openat2"),
    # Memory that nobody maps: no limit of ours would see it.
    *("memfd_create", "shmget", "shmat", "shmctl"),
)
_BETWEEN_PROCESSES = (
    *("semget", "semop", "semctl", "semtimedop", "msgget", "msgsnd", "msgrcv", "msgctl"),
    *("mq_open", "mq_unlink"),
)
_PROPERTIES = (
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "setxattr"),
    *("lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr", "fremovexattr"),
    *("removexattrat", "utime", "utimes", "futimesat", "utimensat", "file_setattr"),
)
"""Change what is known of a file, which Landlock does not govern."""

_NEW_NAMESPACES = 0x7E020000
_NEW_TIME_NAMESPACE = 0x80  # in the flags of clone this is part of a signal's number
_SET_ID = 0o6000
_SET_USER_ID = 0o4000
_CREATES = 0o100 | 0o20000000  # O_CREAT, O_TMPFILE
_KIND, _BLOCK_DEVICE, _CHARACTER_DEVICE = 0o170000, 0o060000, 0o020000
_TERMINAL_TRICKS = (0x5412, 0x541C, 0x5423)  # TIOCSTI, TIOCLINUX, TIOCSETD
_EVERYBODY = 0xFFFFFFFF
_USERS_PRIORITY, _USERS_DISK_PRIORITY = 2, 3  # PRIO_USER, IOPRIO_WHO_USER
_PERSONALITIES = (0, 0xFFFFFFFF)  # the usual one; only asking
_UNIX, _INET, _NETLINK, _INET6 = 1, 2, 16, 10
_STREAM, _PACKETS = 1, 5


def program(machine: str, *, is_alone: bool, changes_properties: bool = True) -> bytes:
    """The filter for a command.

    Args:
        machine: the architecture; see `MACHINES`.
        is_alone: it has a network and other namespaces of its own, so that sockets are harmless.
        changes_properties: it may change modes, times and attributes of files.

    >>> len(program("x86_64", is_alone=True)) % 8
    0
    """
    numbers = _numbers(machine)
    made = _Assembly(numbers)
    made.pin(MACHINES[machine], has_x32=machine == "x86_64")
    made.fail(_REFUSED, errno.EPERM)
    made.fail(_MISSING, errno.ENOSYS)
    if not changes_properties:
        made.fail(_PROPERTIES, errno.EPERM)
    _processes(made)
    _files(made)
    _sockets(made, is_alone=is_alone)
    if not is_alone:
        _others(made)
    return made.finished()


def install(filtering: bytes) -> None:
    """Put this process, for good, under a filter.

    Raises:
        OSError: this kernel cannot.
    """
    held = ctypes.create_string_buffer(filtering, len(filtering))
    described = struct.pack("@HP", len(filtering) // 8, ctypes.addressof(held))
    place = ctypes.create_string_buffer(described, len(described))
    system.control(system.SET_NO_NEW_PRIVILEGES, 1)
    system.control(system.SET_SECCOMP, _FILTER, ctypes.addressof(place))


def _processes(made: "_Assembly") -> None:
    made.check("unshare", refuse_bits(0, _NEW_NAMESPACES | _NEW_TIME_NAMESPACE))
    made.check("clone", refuse_bits(0, _NEW_NAMESPACES))
    made.check("personality", allow_only(0, _PERSONALITIES, errno.EPERM))
    made.check("kill", refuse_values(0, (_EVERYBODY,)))
    made.check("ioctl", refuse_values(1, _TERMINAL_TRICKS))


def _files(made: "_Assembly") -> None:
    for name, mode in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("fchmodat2", 2), ("creat", 1)):
        made.check(name, refuse_bits(mode, _SET_ID))
    for name, mode in (("mkdir", 1), ("mkdirat", 2)):
        made.check(name, refuse_bits(mode, _SET_USER_ID))  # set-group-id is usual on folders
    for name, flags in (("open", 1), ("openat", 2)):
        refusal = refuse_bits(flags + 1, _SET_ID)
        made.check(name, [_argument(flags), (_IF_BITS, 0, len(refusal), _CREATES), *refusal])
    for name, mode in (("mknod", 1), ("mknodat", 2)):
        devices = refuse_values(mode, (_BLOCK_DEVICE, _CHARACTER_DEVICE), _KIND)
        made.check(name, [*refuse_bits(mode, _SET_ID), *devices])


def _others(made: "_Assembly") -> None:
    """What Landlock lets one do to processes outside: to their limits, and their share of the processor."""
    for name in ("prlimit64", "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"):
        made.check(name, allow_only(0, (0,), errno.EPERM))
    for name, whole_user in (("setpriority", _USERS_PRIORITY), ("ioprio_set", _USERS_DISK_PRIORITY)):
        made.check(name, [*refuse_values(0, (whole_user,)), *allow_only(1, (0,), errno.EPERM)])


def _sockets(made: "_Assembly", *, is_alone: bool) -> None:
    families = allow_only(0, (_UNIX,), errno.EAFNOSUPPORT)
    if is_alone:
        made.check("socket", allow_only(0, (_UNIX, _INET, _INET6, _NETLINK), errno.EAFNOSUPPORT))
        made.check("socketpair", families)
        return
    made.fail(("socket",), errno.EAFNOSUPPORT)
    # A pair of datagram sockets can be given the address of any socket file; raw ones become such.
    streams = allow_only(1, (_STREAM, _PACKETS), errno.EAFNOSUPPORT, 0xF)
    made.check("socketpair", [*families, *streams])
    made.fail(_BETWEEN_PROCESSES, errno.ENOSYS)


def refuse_bits(argument: int, bits: int) -> list[Instruction]:
    """Fail when an argument has one of these bits.

    >>> [hex(operation) for operation, *_ in refuse_bits(0, 1)]
    ['0x20', '0x45', '0x6']
    """
    return [_argument(argument), (_IF_BITS, 0, 1, bits), _failure(errno.EPERM)]


def refuse_values(argument: int, values: tuple[int, ...], mask: int = _EVERYBODY) -> list[Instruction]:
    """Fail when an argument is one of these values.

    >>> len(refuse_values(1, (2, 3)))
    8
    """
    checks: list[Instruction] = []
    for value in values:
        checks += [_argument(argument), (_AND, 0, 0, mask), (_IF_EQUAL, 0, 1, value), _failure(errno.EPERM)]
    return checks


def allow_only(
    argument: int, values: tuple[int, ...], code: int, mask: int = _EVERYBODY
) -> list[Instruction]:
    """Fail when an argument is none of these values.

    >>> len(allow_only(0, (1, 2), errno.EPERM))
    5
    """
    last = len(values)
    checks = [(_IF_EQUAL, last - position, 0, value) for position, value in enumerate(values)]
    return [_argument(argument), (_AND, 0, 0, mask), *checks, _failure(code)]


class _Assembly:
    """A filter in the making; the number of the call is what was loaded last."""

    def __init__(self, numbers: dict[str, int]) -> None:
        self._numbers = numbers
        self._made: list[Instruction] = []

    def pin(self, architecture: int, *, has_x32: bool) -> None:
        """Begin: end whoever comes by another architecture's door."""
        self._made += [(_LOAD, 0, 0, _ARCHITECTURE_AT), (_IF_EQUAL, 1, 0, architecture)]
        self._made += [(_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER_AT)]
        if has_x32:
            self._made += [(_IF_AT_LEAST, 0, 1, _X32), _failure(errno.ENOSYS)]

    def fail(self, names: tuple[str, ...], code: int) -> None:
        """Let calls fail always."""
        for name in names:
            if name in self._numbers:
                self._made += [(_IF_EQUAL, 0, 1, self._numbers[name]), _failure(code)]

    def check(self, name: str, checks: list[Instruction]) -> None:
        """Let a call through when its arguments pass the checks and no later rule fails it."""
        if name in self._numbers:
            whole = [*checks, (_LOAD, 0, 0, _NUMBER_AT)]
            self._made += [(_IF_EQUAL, 0, len(whole), self._numbers[name]), *whole]

    def finished(self) -> bytes:
        """The filter as the kernel takes it; what was not failed is allowed."""
        whole = [*self._made, (_RETURN, 0, 0, _ALLOW)]
        return b"".join(struct.pack("<HBBI", *instruction) for instruction in whole)


def _argument(position: int) -> Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * position)


def _failure(code: int) -> Instruction:
    return (_RETURN, 0, 0, _FAIL | code)


def _numbers(machine: str) -> dict[str, int]:
    column = list(MACHINES).index(machine)
    rows = (
        (name, numbers[column]) for name, *numbers in map(str.split, _TABLE.replace("\n", " ").split(","))
    )
    return {name: int(number) for name, number in rows if number != "-"}
