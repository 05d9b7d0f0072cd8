"""A folder held by its descriptor: blocking reads, writes and walks that never leave it."""

import contextlib
import os
import secrets
import stat
import weakref
from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from agent.tooling._beneath import open_beneath

EntryKind = Literal["folder", "file", "link", "other"]
Opener = Callable[[int, str, int], int]

_KINDS: dict[int, EntryKind] = {stat.S_IFDIR: "folder", stat.S_IFREG: "file", stat.S_IFLNK: "link"}
_PIECE = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY
# A FIFO must not block, a terminal must not become ours.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY


class Refused(Exception):
    """The folder will not do it; its text says why, in words that follow the path."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What lies at a path."""

    path: str
    """Relative to the workspace."""
    kind: EntryKind
    size: int
    """Bytes."""
    modified: int
    """Nanoseconds since 1970, UTC."""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Content:
    """What a file held when it was read."""

    raw: bytes
    entry: Entry

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left unread."""
        return len(self.raw) >= self.entry.size


class Folder:
    """A folder's descriptor; closed when the last who uses it, perhaps a thread, lets go."""

    def __init__(self, descriptor: int, opener: Opener = open_beneath) -> None:
        self.descriptor = descriptor
        self._opener = opener
        weakref.finalize(self, os.close, descriptor)

    @classmethod
    def at(cls, root: str, opener: Opener = open_beneath) -> "Folder":
        """Open the folder at an absolute path."""
        return cls(os.open(root, _FOLDER), opener)

    def stat(self, path: str) -> Entry:
        """What lies at the path, links followed inside the folder."""
        with self._opened(path, _FILE) as descriptor:
            return _entry(path, os.fstat(descriptor))

    def read(self, path: str, limit: int) -> Content:
        """Read the first `limit` bytes of a regular file."""
        with self._opened(path, _FILE) as descriptor:
            found = os.fstat(descriptor)
            _require_file(found)
            pieces: list[bytes] = []
            while limit > 0 and (piece := os.read(descriptor, min(limit, _PIECE))):
                pieces.append(piece)
                limit -= len(piece)
            return Content(b"".join(pieces), _entry(path, found))

    def entries(self, path: str, limit: int | None = None) -> list[Entry]:
        """What lies in a folder, unsorted, of too much the first; what vanishes meanwhile is left out."""
        found: list[Entry] = []
        with self._opened(path, _FOLDER) as descriptor, os.scandir(descriptor) as scan:
            for item in islice(scan, limit):
                with contextlib.suppress(FileNotFoundError):
                    inner = item.name if path == "." else f"{path}/{item.name}"
                    found.append(_entry(inner, item.stat(follow_symlinks=False)))
        return found

    def write(self, path: str, raw: bytes, unchanged_since: int | None = None) -> None:
        """Put a file in place in one step, so that nobody ever sees half of it; its mode stays.

        Args:
            path: relative; missing folders are made.
            raw: all it shall hold.
            unchanged_since: the modification time it was read at; None to write whatever happened since.
        """
        with self._parent(path) as (folder, name):
            mode = _mode_to_keep(folder, name, unchanged_since)
            temporary = f".{secrets.token_hex(8)}.tmp"
            try:
                _write_new(folder, temporary, raw, mode)
                os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=folder)
                raise
            os.fsync(folder)

    def remove(self, path: str) -> None:
        """Take a file away, if it is there; a link, not what it points to."""
        with self._parent(path, makes_it=False) as (folder, name), contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)

    @contextlib.contextmanager
    def _opened(self, path: str, flags: int) -> Generator[int]:
        descriptor = self._opener(self.descriptor, path, flags)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _parent(self, path: str, *, makes_it: bool = True) -> Generator[tuple[int, str]]:
        """The folder a file lies in, and the file's name; follows no link at all."""
        *parents, name = path.split("/")
        here = os.dup(self.descriptor)
        try:
            for parent in parents:
                if makes_it:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(parent, dir_fd=here)
                inner = os.open(parent, _FOLDER | os.O_NOFOLLOW, dir_fd=here)
                os.close(here)
                here = inner
            yield here, name
        finally:
            os.close(here)


def _write_new(folder: int, name: str, raw: bytes, mode: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(name, flags, 0o666, dir_fd=folder), "wb") as file:  # noqa: PTH123 (a descriptor)
        file.write(raw)
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())


def _mode_to_keep(folder: int, name: str, unchanged_since: int | None) -> int | None:
    """The mode of the file that will be replaced; None when there is none."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        if unchanged_since is not None:
            raise Refused("was deleted since it was read") from None
        return None
    if stat.S_ISLNK(found.st_mode):
        raise Refused("is a link; write to the file it points to, by that file's own path")
    _require_file(found)
    if unchanged_since not in (None, found.st_mtime_ns):
        raise Refused("changed since it was read; read it again")
    return stat.S_IMODE(found.st_mode) & 0o777


def _require_file(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise Refused("is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise Refused("is not a regular file")
    if found.st_nlink > 1 and found.st_uid != os.getuid():
        raise Refused("is a hard link to another user's file")


def _entry(path: str, found: os.stat_result) -> Entry:
    kind = _KINDS.get(stat.S_IFMT(found.st_mode), "other")
    return Entry(path, kind, found.st_size, found.st_mtime_ns)
