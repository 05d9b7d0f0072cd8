"""The folder a session works in: what file tools may read and write, and nothing outside of it."""

import asyncio
import difflib
import errno
import os
import posixpath
import time
from collections.abc import Callable
from typing import ParamSpec, Protocol, Self, TypeVar

from agent.core.errors import ToolFailed
from agent.tooling._beneath import ESCAPES, open_beneath
from agent.tooling._folder import Content, Entry, Folder, Opener, Refused
from agent.tooling.ignoring import Ignored

MAX_READ = 16 << 20
"""Bytes of a file that are ever looked at."""
MAX_WRITE = 16 << 20
"""Bytes a tool may write at once."""
MAX_WALK = 200_000
"""Entries a walk looks at."""
WALK_SECONDS = 30.0

OUTPUTS = ".agent/outputs"
"""Where whole results of tools are kept: tools may read them but not write there; searches pass them over."""

PROTECTED_ANYWHERE = frozenset({".git"})
PROTECTED_ON_TOP = frozenset({".agent", ".env", ".mcp.json"})
"""Names whose content other programs trust and act on."""

_MAX_PATH = 4096
_NEAR_NAMES = 3
_NAMES_COMPARED = 1000
_IGNORE_FILE_SIZE = 1 << 20

_WORDS = {
    errno.ENOENT: "does not exist",
    errno.EISDIR: "is a folder",
    errno.ENOTDIR: "is not a folder, or lies in something that is not, such as a link",
    errno.ENAMETOOLONG: "is too long a name",
    errno.EACCES: "may not be accessed: permission denied",
    errno.EPERM: "may not be accessed: permission denied",
    errno.EROFS: "cannot be written: the disk is read-only",
    errno.ENOSPC: "cannot be written: the disk is full",
    errno.EDQUOT: "cannot be written: the disk quota is used up",
    errno.EFBIG: "cannot be written: too large for this disk",
    errno.EAGAIN: "keeps changing; try again",
    errno.ENXIO: "is not a regular file",
} | dict.fromkeys(ESCAPES, "is outside the workspace, or a link that leads there")

Withholds = Callable[[str], bool]
"""Says of a file whether it is kept back, though it lies here; it may look at the disk."""

P = ParamSpec("P")
T = TypeVar("T")


class Workspace:
    """A session's folder; enter it (`async with`) before use."""

    def __init__(
        self,
        root: str | os.PathLike[str],
        opener: Opener = open_beneath,
        withholds: Withholds | None = None,
    ) -> None:
        self.root = os.fspath(root)
        self._opener = opener
        self._withholds = withholds
        self._folder: Folder | None = None
        self._ignored: Ignored | None = None

    async def __aenter__(self) -> Self:
        try:
            self._folder = await asyncio.to_thread(Folder.at, self.root, self._opener)
        except OSError as error:
            raise ToolFailed("The workspace folder is gone or may not be accessed.") from error
        self._ignored = Ignored(self._ignore_text, extra=(f"/{OUTPUTS}/",))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder; a thread that still works in it finishes first."""
        self._folder = self._ignored = None

    @property
    def descriptor(self) -> int:
        """The open folder, for a program that shall work in it."""
        return self._held.descriptor

    def relative(self, path: str) -> str:
        """A path as the workspace knows it: relative, without `.` and `..`; `.` is the workspace itself.

        >>> Workspace("/home/ada/site").relative("/home/ada/site/src/../index.html")
        'index.html'

        Raises:
            ToolFailed: it lies outside, or cannot be a path.
        """
        if len(path) > _MAX_PATH or not can_be_passed(path):
            raise ToolFailed(f"{shown(path[:80])} cannot be a path.")
        if path.startswith("/"):
            path = posixpath.relpath(path, self.root)
        plain = posixpath.normpath(path or ".")
        if plain == ".." or plain.startswith("../"):
            raise ToolFailed(f"{shown(path)} is outside the workspace; give a path relative to it.")
        return plain

    async def stat(self, path: str) -> Entry:
        """What lies at the path."""
        return await self._try(path, self._held.stat, self.relative(path))

    async def find(self, path: str) -> Entry | None:
        """What lies at the path; None when nothing does."""
        return await self._try(path, self._find, self.relative(path))

    async def read(self, path: str, limit: int = MAX_READ) -> Content:
        """Read a regular file, at most `limit` bytes of it; not one that is kept back."""
        inner = self.relative(path)
        if self._withholds and await asyncio.to_thread(self._withholds, inner):
            raise ToolFailed(f"{shown(path)} is kept back by a rule of the person's.")
        return await self._try(path, self._held.read, inner, limit)

    async def read_whole(self, path: str, limit: int = MAX_READ) -> Content:
        """Read a regular file that is refused when it is larger than `limit` bytes."""
        content = await self.read(path, limit)
        if not content.is_whole:
            raise ToolFailed(f"{shown(path)} is too large: {content.entry.size:,} bytes, at most {limit:,}.")
        return content

    async def entries(self, path: str) -> tuple[list[Entry], int]:
        """What lies in a folder, `MAX_WALK` at most, by name, and how many were left out as ignored."""
        return await self._try(path, self._list, self.relative(path))

    async def files(self, path: str, limit: int | None = None) -> tuple[list[Entry], bool]:
        """All files in a folder and below that are not ignored, and whether these are all there are.

        Args:
            path: where to begin.
            limit: how many entries are looked at, at most; `MAX_WALK` by default.
        """
        return await self._try(path, self._files, self.relative(path), limit or MAX_WALK)

    async def leaves_out(self, path: str, *, is_folder: bool = False) -> bool:
        """Whether searches pass this over; one that begins there does not."""
        return await asyncio.to_thread(self._ignored_now.has, self.relative(path), is_folder=is_folder)

    async def write(self, path: str, raw: bytes, unchanged_since: int | None = None) -> None:
        """Put a file in place in one step, with the folders it needs; its mode stays.

        Args:
            path: in the workspace.
            raw: all it shall hold.
            unchanged_since: refuse when it was modified since this time (nanoseconds).
        """
        inner = self.relative(path)
        names = [name.casefold() for name in inner.split("/")]
        if names[0] in PROTECTED_ON_TOP or not PROTECTED_ANYWHERE.isdisjoint(names):
            raise ToolFailed(f"{shown(inner)} is protected: tools may not write there.")
        if len(raw) > MAX_WRITE:
            raise ToolFailed(f"This is too large to write: {len(raw):,} bytes, at most {MAX_WRITE:,}.")
        if inner == ".":
            raise ToolFailed(". is the workspace itself; name a file.")
        await self._try(path, self._held.write, inner, raw, unchanged_since)

    async def keep(self, name: str, raw: bytes) -> str:
        """Put a file of our own among the `OUTPUTS`, where tools may not; gives its path."""
        path = f"{OUTPUTS}/{name}"
        await self._try(path, self._held.write, path, raw)
        return path

    async def discard(self, name: str) -> None:
        """Take a file of our own away again."""
        await self._try(name, self._held.remove, f"{OUTPUTS}/{name}")

    @property
    def _ignored_now(self) -> Ignored:
        if self._ignored is None:
            raise RuntimeError("the workspace is closed")
        return self._ignored

    @property
    def _held(self) -> Folder:
        if self._folder is None:
            raise RuntimeError("the workspace is closed")
        return self._folder

    async def _try(self, path: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do blocking work in a thread; what goes wrong is said of the path."""
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except Refused as refused:
            raise ToolFailed(f"{shown(path)} {refused}.") from None
        except OSError as error:
            words = _WORDS.get(error.errno or 0, os.strerror(error.errno or 0).lower())
            near = await asyncio.to_thread(self._near, path) if error.errno == errno.ENOENT else ""
            raise ToolFailed(f"{shown(path)} {words}.{near}") from error

    def _near(self, path: str) -> str:
        """A sentence with names beside the path that look like it."""
        folder, _, name = self.relative(path).rpartition("/")
        try:
            names = [entry.name for entry in self._held.entries(folder or ".", _NAMES_COMPARED)]
        except OSError:
            return ""
        near = difflib.get_close_matches(name, names, _NEAR_NAMES)
        paths = (shown(f"{folder}/{other}" if folder else other) for other in near)
        return f" Did you mean {' or '.join(paths)}?" if near else ""

    def _find(self, path: str) -> Entry | None:
        try:
            return self._held.stat(path)
        except FileNotFoundError:
            return None

    def _list(self, path: str) -> tuple[list[Entry], int]:
        leaves_out = self._filter(path)
        entries = self._held.entries(path, MAX_WALK)
        kept = [each for each in entries if not leaves_out(each.path, is_folder=each.kind == "folder")]
        return sorted(kept, key=lambda entry: entry.name), len(entries) - len(kept)

    def _files(self, path: str, limit: int) -> tuple[list[Entry], bool]:
        leaves_out = self._filter(path)
        found: list[Entry] = []
        folders, seen = [path], 0
        until = time.monotonic() + WALK_SECONDS
        while folders:
            entries = self._entries(folders.pop(), path, limit + 1 - seen)
            seen += len(entries)
            for entry in entries[: len(entries) - (seen > limit)]:
                if leaves_out(entry.path, is_folder=entry.kind == "folder"):
                    continue
                if entry.kind == "folder":
                    folders.append(entry.path)
                elif entry.kind == "file":
                    found.append(entry)
            if seen > limit or time.monotonic() > until:
                return found, False
        return found, True

    def _entries(self, folder: str, start: str, limit: int) -> list[Entry]:
        """What lies in a folder on a walk; nothing when it cannot be opened, unless the walk begins there."""
        try:
            return self._held.entries(folder, limit)
        except OSError:
            if folder == start:
                raise
            return []

    def _filter(self, start: str) -> "LeavesOut":
        """What a search from here passes over: what is ignored, unless someone asks for just that."""
        ignored = self._ignored_now
        asked = start != "." and ignored.has(start, is_folder=True)
        return _leaves_out_nothing if asked else ignored.has

    def _ignore_text(self, path: str) -> str:
        try:
            return self._held.read(path, _IGNORE_FILE_SIZE).raw.decode("utf-8", "surrogateescape")
        except (OSError, Refused):
            return ""


def can_be_passed(text: str) -> bool:
    r"""Whether the system takes the text as a name or an argument.

    >>> can_be_passed("a b"), can_be_passed("a\0b"), can_be_passed("\ud800")
    (True, False, False)
    """
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


class LeavesOut(Protocol):
    """Says whether a path is passed over."""

    def __call__(self, path: str, *, is_folder: bool) -> bool:
        """Whether it is."""
        ...


def _leaves_out_nothing(path: str, *, is_folder: bool) -> bool:  # noqa: ARG001 (the protocol's)
    return False


def shown(path: str) -> str:
    r"""A path as text that is one line and can be sent anywhere, whatever bytes its name has.

    >>> shown("a\nb/é\udcff.txt")
    'a\\nb/é\\udcff.txt'
    >>> shown("")
    '""'
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in path or '""'
    )
