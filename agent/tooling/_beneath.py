"""Open a path beneath a folder's descriptor, whatever others do to the folder meanwhile."""

import ctypes
import errno
import os
import struct
import sys

_OPENAT2 = 437
_NO_XDEV, _NO_MAGICLINKS, _BENEATH = 1, 2, 8
_HOW = struct.Struct("<QQQ")
_TRIES = 64

ESCAPES = frozenset({errno.EXDEV, errno.ELOOP})
"""What the kernel answers to a path that leaves the folder, or that may not be followed."""


def open_beneath(folder: int, path: str, flags: int) -> int:
    """Open a path so that neither `..` nor a link leads out of the folder.

    Args:
        folder: a descriptor of the folder.
        path: relative, without `..`.
        flags: as for os.open, without O_CREAT.

    Raises:
        OSError: as os.open; with an errno of `ESCAPES` when the path leads out.
    """
    return _by_kernel(folder, path, flags) if HAS_OPENAT2 else open_stepwise(folder, path, flags)


def open_stepwise(folder: int, path: str, flags: int) -> int:
    """Open a path where openat2 is missing: one component at a time, following no link at all."""
    *parents, name = [part for part in path.split("/") if part not in ("", ".")] or ["."]
    here = os.dup(folder)
    try:
        for parent in parents:
            inner = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = inner
        return os.open(name, flags | os.O_NOFOLLOW, dir_fd=here)
    finally:
        os.close(here)


def _by_kernel(folder: int, path: str, flags: int) -> int:
    """Call openat2.

    Source: openat2(2).
    """
    how = _HOW.pack(flags | os.O_CLOEXEC, 0, _BENEATH | _NO_MAGICLINKS | _NO_XDEV)
    for _ in range(_TRIES):
        descriptor = int(_libc.syscall(_OPENAT2, folder, os.fsencode(path), how, len(how)))
        if descriptor >= 0:
            return descriptor
        code = ctypes.get_errno()
        # EAGAIN: something was renamed while the kernel walked, so that it could not be sure.
        if code not in (errno.EAGAIN, errno.EINTR):
            raise OSError(code, os.strerror(code), path)
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN), path)


def _has_openat2() -> bool:
    """Whether this kernel and what confines us (seccomp) let us use openat2."""
    if not sys.platform.startswith("linux"):
        return False
    root = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.close(_by_kernel(root, ".", os.O_RDONLY | os.O_DIRECTORY))
    except OSError:
        return False
    finally:
        os.close(root)
    return True


_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
HAS_OPENAT2 = _has_openat2()
