"""System calls that Python has no function for, by their numbers."""

import ctypes
import os
import platform

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
LIBC.shmat.restype = ctypes.c_void_p

NUMBERS = {  # x86_64, aarch64; None: there is none
    "shmget": (29, 194),
    "clone": (56, 220),
    "ptrace": (101, 117),
    "syslog": (103, 116),
    "personality": (135, 92),
    "modify_ldt": (154, None),
    "pivot_root": (155, 41),
    "settimeofday": (164, 170),
    "mount": (165, 40),
    "umount2": (166, 39),
    "swapon": (167, 224),
    "sethostname": (170, 161),
    "iopl": (172, None),
    "init_module": (175, 105),
    "tgkill": (234, 131),
    "kexec_load": (246, 104),
    "add_key": (248, 217),
    "keyctl": (250, 219),
    "ioprio_set": (251, 30),
    "unshare": (272, 97),
    "perf_event_open": (298, 241),
    "fanotify_init": (300, 262),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "setns": (308, 268),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "memfd_create": (319, 279),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "pidfd_send_signal": (424, 424),
    "io_uring_setup": (425, 425),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "clone3": (435, 435),
    "openat2": (437, 437),
    "pidfd_getfd": (438, 438),
    "fchmodat2": (452, 452),
}

ON_X86 = platform.machine() == "x86_64"
ELSEWHERE = "" if ON_X86 else "this processor has no such call"


def syscall(name: str, *arguments: object) -> int:
    """Make a system call.

    Raises:
        OSError: it was refused.
    """
    number = NUMBERS[name][0 if ON_X86 else 1]
    return checked(LIBC.syscall(ctypes.c_long(number), *map(_wide, arguments)))


def checked(result: int) -> int:
    """What a call of the C library gave.

    Raises:
        OSError: it was refused.
    """
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _wide(argument: object) -> object:
    return ctypes.c_long(argument) if isinstance(argument, int) else argument
