"""Landlock by bare system calls: files by their path, no TCP, no signals to others.

Source: landlock(7), <linux/landlock.h>.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from . import system

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_BENEATH_PATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_CHAR, MAKE_DIR, MAKE_REGULAR, MAKE_SOCKET, MAKE_FIFO, MAKE_BLOCK, MAKE_LINK = (
    1 << bit for bit in range(6, 13)
)
MOVE_ELSEWHERE, TRUNCATE, DEVICE_CONTROL = (1 << bit for bit in range(13, 16))

READ = EXECUTE | READ_FILE | READ_DIR
LOOK = READ_FILE | READ_DIR
WRITE = (
    *(READ, WRITE_FILE, REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REGULAR, MAKE_SOCKET),
    *(MAKE_FIFO, MAKE_LINK, MOVE_ELSEWHERE, TRUNCATE),
)
RIGHTS = {"look": LOOK, "read": READ, "write": sum(WRITE), "use": READ_FILE | WRITE_FILE}
"""What a rule may grant, by the word a configuration uses."""
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | DEVICE_CONTROL

OLDEST = 3
"""The first version that knows truncation; with an older one a file could be emptied."""
_NETWORK_SINCE, _SCOPES_SINCE = 4, 6
_RIGHTS_OF = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many rights a version knows; later ones know sixteen."""


def version() -> int:
    """The version of Landlock this kernel has; 0 when it has none."""
    try:
        return system.call("landlock_create_ruleset", _CREATE, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def ruleset(version: int) -> bytes:
    """What a ruleset governs: all rights the version knows, TCP, signals and abstract sockets.

    >>> ruleset(3).hex(), len(ruleset(4)), len(ruleset(7))
    ('ff7f000000000000', 16, 24)
    """
    rights = (1 << _RIGHTS_OF.get(version, 16)) - 1
    fields = [rights]
    fields += [3] if version >= _NETWORK_SINCE else []  # bind and connect
    fields += [3] if version >= _SCOPES_SINCE else []  # abstract sockets and signals
    return struct.pack(f"<{len(fields)}Q", *fields)


def restrict(rules: Iterable[tuple[str, str]]) -> None:
    """Confine this process, for good, to the paths of the rules.

    Args:
        rules: paths, each with a word of `RIGHTS`; a path that does not exist grants nothing.

    Raises:
        OSError: this kernel cannot.
    """
    found = version()
    if found < OLDEST:
        raise OSError(f"Landlock has version {found}, at least {OLDEST} is needed")
    governed = ruleset(found)
    rights = int.from_bytes(governed[:8], "little")
    held = system.call("landlock_create_ruleset", _CREATE, _buffer(governed), len(governed), 0)
    for path, word in rules:
        _grant(held, path, RIGHTS[word] & rights)
    system.control(system.SET_NO_NEW_PRIVILEGES, 1)
    system.call("landlock_restrict_self", _RESTRICT, held, 0)
    os.close(held)


def _grant(held: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        rights &= _OF_FILES
    rule = _buffer(struct.pack("<Qi", rights, place))
    system.call(f"landlock_add_rule {path}", _ADD_RULE, held, _BENEATH_PATH, rule, 0)
    os.close(place)


def _buffer(raw: bytes) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(raw, len(raw))
