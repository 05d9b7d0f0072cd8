"""Calls of the kernel that Python has no name for."""

import ctypes
import os
import struct

SET_PARENT_DEATH_SIGNAL, SET_DUMPABLE, SET_SECCOMP, DROP_FROM_BOUNDING_SET = 1, 4, 22, 24
SET_SUBREAPER, SET_NO_NEW_PRIVILEGES, AMBIENT = 36, 38, 47
"""Source: prctl(2), <linux/prctl.h>."""
_CLEAR_ALL_AMBIENT = 4
_CAPABILITY_VERSION = 0x20080522
_CAPABILITIES = 64

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def call(what: str, number: int, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Make a system call by its number.

    Args:
        what: its name, for the error.
        number: the same on every architecture we know.
        arguments: numbers, buffers or None.

    Raises:
        OSError: it failed.
    """
    words = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return _checked(what, int(_libc.syscall(ctypes.c_long(number), *words)))


def control(option: int, *arguments: int) -> int:
    """Change something of this process: prctl(2).

    Raises:
        OSError: the kernel refuses.
    """
    words = [ctypes.c_ulong(each) for each in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked(f"prctl {option}", int(_libc.prctl(option, *words)))


def drop_capabilities() -> None:
    """Give up every capability: with some, /proc tells the environment of others past Landlock.

    Raises:
        OSError: the kernel refuses.
    """
    for capability in range(_CAPABILITIES):
        _libc.prctl(DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)  # fails where we have none to begin with
    control(AMBIENT, _CLEAR_ALL_AMBIENT)
    header = ctypes.create_string_buffer(struct.pack("<Ii", _CAPABILITY_VERSION, 0), 8)
    _checked("capset", int(_libc.capset(header, ctypes.create_string_buffer(24))))


def _checked(what: str, result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result
