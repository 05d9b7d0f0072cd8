"""What other programs of the same user may see of this one: nothing."""

import ctypes
import sys

PR_SET_DUMPABLE = 4
"""Source: prctl(2) of Linux."""


def keep_private() -> None:
    """Let no other program of this user read our environment or memory: not even one outside of the sandbox.

    Where there is no such call, as on macOS, the system keeps them apart by itself.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
