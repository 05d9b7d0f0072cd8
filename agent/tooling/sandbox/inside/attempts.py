"""Run in a sandbox at the start: tries to break out, and says what it could do."""

import ctypes
import json
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

MARK = "attempts:"
"""Begins the line that says what could be done."""
_NEW_USER = 0x10000000
_IO_URING, _UNSHARE = 425, {"x86_64": 272, "aarch64": 97}
_SECONDS = 1.0

_libc = ctypes.CDLL(None, use_errno=True)


class Field(NamedTuple):
    """What lies outside, made for this; all as text, as it comes by the command line."""

    secret: str
    """A file that may not be read."""
    outside: str
    """A file that may not be made."""
    port: str
    victim: str
    """A process that may not be looked into, nor ended."""
    token: str
    """Stands in the victim's environment."""
    socket: str
    abstract: str
    is_read_only: str
    """`yes` when the workspace may not be changed."""


def attempts(field: Field) -> dict[str, Callable[[], object]]:
    """Everything that is tried, by what it would prove; to fail is to raise."""
    return {
        "reads a file outside": lambda: Path(field.secret).read_text(encoding="utf-8"),
        "lists a folder outside": lambda: list(Path(field.secret).parent.iterdir()),
        "writes a file outside": lambda: Path(field.outside).write_text("x", encoding="utf-8"),
        "reaches the network": lambda: _connect(socket.AF_INET, ("127.0.0.1", int(field.port))),
        "reaches a socket": lambda: _connect(socket.AF_UNIX, field.socket),
        "reaches an abstract socket": lambda: _connect(socket.AF_UNIX, f"\0{field.abstract}"),
        "re-addresses a socket pair": lambda: _readdress(field.socket),
        "reads the environment of others": lambda: _search(f"/proc/{field.victim}/environ", field.token),
        "inherits a descriptor": _inherited,
        "traces": lambda: _checked(_libc.ptrace(0, 0, 0, 0)),
        "makes a namespace": lambda: _checked(_libc.syscall(_UNSHARE[os.uname().machine], _NEW_USER)),
        "opens settings of the kernel": lambda: os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY),
        "uses io_uring": lambda: _checked(_libc.syscall(_IO_URING, 1, ctypes.create_string_buffer(120))),
        "makes a set-user-id file": _set_user_id,
        "can gain rights": lambda: _lacks("NoNewPrivs:\t1"),
        "runs without a filter": lambda: _lacks("Seccomp:\t2"),
        "has capabilities": lambda: _lacks("CapEff:\t0000000000000000"),
        **(
            {"changes a read-only workspace": _write_here}
            if field.is_read_only == "yes"
            else {"cannot write the workspace": lambda: _inverted(_write_here)}
        ),
    }


def main(arguments: list[str]) -> None:
    """Try everything; one line says what could be done."""
    field = Field(*arguments)
    done = [name for name, attempt in attempts(field).items() if _succeeds(attempt)]
    with suppress(OSError):
        os.kill(int(field.victim), 15)  # numbers differ inside: whether the victim lives is seen outside
    print(MARK + json.dumps(done))  # noqa: T201 - the way it speaks


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except Exception:  # noqa: BLE001 - however it failed
        return False
    return True


def _connect(family: socket.AddressFamily, address: tuple[str, int] | str) -> None:
    with socket.socket(family) as asking:
        asking.settimeout(_SECONDS)
        asking.connect(address)


def _readdress(path: str) -> None:
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, other:
        one.connect(f"{path}.datagram")


def _search(path: str, token: str) -> None:
    if token not in Path(path).read_text(encoding="utf-8"):
        raise ValueError(path)


def _inherited() -> None:
    for descriptor in range(3, 64):
        with suppress(OSError):
            os.fstat(descriptor)
            return
    raise ValueError("none")


def _set_user_id() -> None:
    path = Path(os.environ["TMPDIR"], "set-user-id")
    path.touch()
    path.chmod(0o4755)


def _lacks(line: str) -> None:
    if line in Path("/proc/self/status").read_text(encoding="utf-8"):
        raise ValueError(line)


def _write_here() -> None:
    Path("written").write_text("x", encoding="utf-8")


def _inverted(attempt: Callable[[], object]) -> None:
    if _succeeds(attempt):
        raise ValueError("it works")


def _checked(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")


if __name__ == "__main__":
    main(sys.argv[1:])
