"""What stands around a sandbox: folders, listeners, programs and memory with a secret in them."""

import ctypes
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

from tests.escapes.syscalls import LIBC, checked, syscall

VICTIM = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # where only parents trace, let all
print("ready", flush=True)
sys.stdin.read()
"""


def name(secret: str) -> str:
    """A name that tells nothing of the secret."""
    return f"maestro-{secret[::-3]}"


def folders(root: Path, repository: Path, secret: str) -> dict[str, str]:
    """The person's, the app's, another session's, and the workspace; as `Places` names them."""
    home, app, other = root / "home", root / "app", root / "sessions/other"
    workspace = root / "sessions/own"
    (home / ".ssh").mkdir(parents=True)
    for folder in (app, other):
        folder.mkdir(parents=True)
    (home / ".ssh/id_ed25519").write_text(f"-----BEGIN {secret}\n")
    (home / ".ssh/id_ed25519").chmod(0o600)
    (home / ".bashrc").write_text("# a shell profile\n")
    (app / "maestro.db").write_text(f"SQLite format 3 {secret}")
    (app / ".env").write_text(f"KEY={secret}\n")
    (app / "secret.key").write_text(secret)
    (app / "program").write_text(f"#!/bin/sh\necho {secret}\n")
    (app / "program").chmod(0o755)
    (other / "notes.md").write_text(f"another session's {secret}")
    (other / f"{secret}.md").touch()
    shutil.copytree(repository, workspace, symlinks=True)
    names = {"workspace": workspace, "home": home, "app": app, "other": other}
    return {name: str(path) for name, path in names.items()}


@contextmanager
def listeners(folder: str, secret: str) -> Iterator[dict[str, socket.socket]]:
    """Whoever listens, of every kind."""
    own = name(secret)
    wanted: dict[str, tuple[int, int, object]] = {
        "tcp": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
        "tcp6": (socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0)),
        "udp": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        "docker": (socket.AF_UNIX, socket.SOCK_STREAM, f"{folder}/docker.sock"),
        "log": (socket.AF_UNIX, socket.SOCK_DGRAM, f"{folder}/log"),
        "abstract": (socket.AF_UNIX, socket.SOCK_STREAM, f"\0{own}"),
        "abstract log": (socket.AF_UNIX, socket.SOCK_DGRAM, f"\0{own}-log"),
    }
    with ExitStack() as stack:
        found = {}
        for key, (family, kind, address) in wanted.items():
            # A machine may lack the newer protocol; all else must be there, or nothing would be proven.
            with suppress(OSError) if key == "tcp6" else nullcontext():
                listener = stack.enter_context(socket.socket(family, kind))
                _open(listener, address)
                found[key] = listener
        yield found


def _open(listener: socket.socket, address: object) -> None:
    listener.settimeout(0)
    listener.bind(address)
    if listener.type == socket.SOCK_STREAM:
        listener.listen()


def free() -> int:
    """A port nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def victim(folder: Path, secret: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program with the secret in its environment, its arguments and an open file: descriptor 3."""
    line = f'exec 3< secret.key; exec "$0" -I -S -B -c "$1" {secret}'
    victim = subprocess.Popen(
        ["/bin/sh", "-c", line, sys.executable, VICTIM],
        cwd=folder,
        env={"TOKEN": secret},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield victim
    finally:
        victim.kill()
        victim.communicate()


def wait_for(victim: subprocess.Popen[bytes]) -> None:
    """Until it is what it shall be."""
    assert victim.stdout
    assert victim.stdout.readline() == b"ready\n"


@contextmanager
def between_processes(secret: str) -> Iterator[int]:
    """A System V segment and a message queue with the secret; gives their key."""
    key = secrets.randbelow(1 << 30) + 1
    segment = syscall("shmget", key, 4096, 0o1600)
    place = ctypes.c_void_p(LIBC.shmat(segment, None, 0))
    ctypes.memmove(place, secret.encode(), len(secret))
    queue = checked(LIBC.msgget(key, 0o1600))
    message = ctypes.create_string_buffer(ctypes.sizeof(ctypes.c_long) + len(secret))
    ctypes.memmove(message, bytes(ctypes.c_long(1)) + secret.encode(), len(message))
    checked(LIBC.msgsnd(queue, message, len(secret), 0))
    try:
        yield key
    finally:
        LIBC.shmdt(place)
        LIBC.shmctl(segment, 0, None)
        LIBC.msgctl(queue, 0, None)


@contextmanager
def shared(secret: str) -> Iterator[str]:
    """A file in shared memory with the secret."""
    path = Path("/dev/shm", f"{name(secret)}-app")  # noqa: S108
    path.write_text(secret)
    try:
        yield str(path)
    finally:
        path.unlink()
