"""The field an attempt is made in: what lies, runs and listens outside, and whether any of it changed."""

import os
import secrets
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.escapes import outside
from tests.escapes.attempts import Places

VARIABLE = "APP_SECRET"
PROTECTED = (
    ".git/hooks",
    ".git/config",
    ".git/info",
    ".git/commondir",
    ".agent",
    ".mcp.json",
    ".env",
    ".claude",
    ".vscode",
)
"""What the app, git or an editor acts upon, in the workspace."""
Seen = tuple[object, ...]


@dataclass
class Field:
    """One field, for one attempt."""

    secret: str
    root: Path
    places: Places
    listeners: dict[str, socket.socket]
    victim: subprocess.Popen[bytes]
    before: dict[str, Seen] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        return Path(self.places.workspace)

    def environment(self) -> dict[str, str]:
        """The app's own, of which a careful one lets nothing through."""
        return {**os.environ, "HOME": self.places.home, VARIABLE: self.secret}

    def changes(self) -> list[str]:
        """What is not as it was."""
        if not self.workspace.is_dir():
            return ["the workspace is gone"]
        return [*self._files(), *self._heard(), *self._victim(), *self._left(), *self._alive()]

    def _files(self) -> Iterator[str]:
        now = looks(self)
        for path in sorted(now.keys() | self.before.keys()):
            if now.get(path) != self.before.get(path):
                yield f"{path}: {self.before.get(path)} became {now.get(path)}"

    def _heard(self) -> Iterator[str]:
        for name, listener in self.listeners.items():
            with suppress(BlockingIOError):
                if listener.type == socket.SOCK_STREAM:
                    listener.accept()[0].close()
                else:
                    listener.recv(4096)
                yield f"{name} heard something"

    def _victim(self) -> Iterator[str]:
        state = Path(f"/proc/{self.victim.pid}/stat").read_bytes().rpartition(b") ")[2][:1]
        if state not in {b"S", b"R", b"D"}:
            yield f"the victim is in the state {state.decode()}"

    def _left(self) -> Iterator[str]:
        for path in beneath(self.workspace):
            mode = path.lstat().st_mode
            if not stat.S_ISDIR(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                yield f"{path} has a set-id bit"
            if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
                yield f"{path} is a device"
        for path in public(self.places):
            if path.exists():
                yield f"there is {path}"

    def _alive(self) -> Iterator[str]:
        for pid in working_in(self.workspace):
            yield f"the process {pid} still works in the workspace"
        beat = self.workspace / "beat"
        if beat.exists():
            last = beat.read_bytes()
            time.sleep(0.2)
            if beat.read_bytes() != last:
                yield "somebody still leaves a sign of life"


def tidied(place: Field) -> None:
    """End and remove what an attempt without confinement left; some run away, so more than once."""
    for path in public(place.places):
        path.unlink(missing_ok=True)
    deadline = time.monotonic() + 5
    while (found := working_in(place.workspace)) and time.monotonic() < deadline:
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def public(places: Places) -> list[Path]:
    """What an attempt may leave where everybody writes."""
    return [Path(folder, places.abstract) for folder in ("/tmp", "/var/tmp", "/dev/shm")]  # noqa: S108


def beneath(top: Path, but: str = "") -> list[Path]:
    """Everything in a folder, however deep, but not what is in one of them; links are not followed."""
    found: list[Path] = []
    waiting = [str(top)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                found.append(Path(entry.path))
                if entry.is_dir(follow_symlinks=False) and entry.path != but:
                    waiting.append(entry.path)
    return found


def working_in(folder: Path) -> list[int]:
    """The processes whose folder it is, wherever else they went."""
    if not folder.exists():
        return []
    place, found = folder.stat(), []
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208  hundreds of names, and often
        with suppress(OSError):
            if os.path.samestat(os.stat(f"/proc/{name}/cwd"), place):  # noqa: PTH116  the same
                found.append(int(name))
    return [pid for pid in found if pid != os.getpid()]


def looks(place: Field) -> dict[str, Seen]:
    """How everything looks that no command may change; of its workspace, what acts by itself."""
    found: dict[str, Seen] = {}
    workspace = place.workspace
    for path in Path(place.places.sockets).iterdir():
        found[path.name] = (path.lstat().st_mode,)
    for path in beneath(place.root, but=str(workspace)):
        if path == workspace:
            found["workspace"] = (path.lstat().st_ino,)
        else:
            found[str(path)] = (*_look(path), *_times(path))
    found["workspace/.git"] = ((workspace / ".git").is_dir(), (workspace / ".git").is_symlink())
    for name in PROTECTED:
        top = workspace / name
        for path in [top, *beneath(top)] if os.path.lexists(top) else []:
            found[str(path)] = _look(path)
    return found


def _look(path: Path) -> Seen:
    seen = path.lstat()
    if stat.S_ISLNK(seen.st_mode):
        return ("link", path.readlink())
    text = path.read_bytes()[:4096] if stat.S_ISREG(seen.st_mode) and seen.st_size < 1 << 20 else seen.st_mode
    return (oct(seen.st_mode), text)


def _times(path: Path) -> Seen:
    seen = path.lstat()
    names = os.listxattr(path, follow_symlinks=False)
    return (seen.st_ino, seen.st_nlink, seen.st_size, seen.st_mtime_ns, tuple(names))


@contextmanager
def made(root: Path, repository: Path) -> Iterator[Field]:
    """Make a field, and take it down.

    Args:
        root: an empty folder for it.
        repository: what the workspace begins as.
    """
    secret = f"secret-{secrets.token_hex(12)}"
    with ExitStack() as stack:
        folders = outside.folders(root, repository, secret)
        victim = stack.enter_context(outside.victim(root / "app", secret))
        # The name of a socket must be short, whatever the test is called.
        sockets = stack.enter_context(tempfile.TemporaryDirectory(prefix="m-"))
        listeners = stack.enter_context(outside.listeners(sockets, secret))
        segment = stack.enter_context(outside.between_processes(secret))
        shared = stack.enter_context(outside.shared(secret))
        inherited = os.open(root / "app/secret.key", os.O_RDONLY)
        stack.callback(os.close, inherited)
        places = Places(
            **folders,
            sockets=sockets,
            shared=shared,
            tcp=listeners["tcp"].getsockname()[1],
            tcp6=listeners["tcp6"].getsockname()[1] if "tcp6" in listeners else 0,
            udp=listeners["udp"].getsockname()[1],
            free=outside.free(),
            abstract=outside.name(secret),
            victim=victim.pid,
            descriptor=3,
            server=os.getpid(),
            segment=segment,
            variable=VARIABLE,
            inherited=inherited,
        )
        outside.wait_for(victim)
        place = Field(secret, root, places, listeners, victim)
        place.before = looks(place)
        stack.callback(tidied, place)
        yield place
