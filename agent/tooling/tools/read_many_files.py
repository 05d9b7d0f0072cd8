"""Reads many files at once."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from agent.core.errors import ToolFailed
from agent.core.messages import File
from agent.tooling._reading import attached, first_lines, media_type, text_of
from agent.tooling.declaration import MAX_TEXT, ToolOutput, tool
from agent.tooling.ignoring import matcher
from agent.tooling.workspace import Workspace, shown

MAX_FILES = 200
MAX_PATTERNS = 50
MAX_ATTACHED = 5
MAX_ATTACHED_BYTES = 15_000_000

_MAX_NOTES = 4000
_MAX_NOTE = 300
_MAX_TITLES = 12_000
_TITLE = 60
_HEAD = 4 * MAX_TEXT
"""Bytes read of a text: more than could be shown of it."""

Paths = Annotated[tuple[str, ...], Field(max_length=MAX_FILES)]
Patterns = Annotated[tuple[str, ...], Field(max_length=MAX_PATTERNS)]


@tool("read", effect="pure")
async def read_many_files(  # noqa: D417 (the model does not see files)
    files: Workspace, paths: Paths = (), include: Patterns = (), exclude: Patterns = ()
) -> ToolOutput:
    """Read several files of the workspace at once, at most 200.

    Each begins with a line `==> path <==`. When not all of the text fits, each file shows as many of its
    first lines as the others leave room for; read on with read_file then. Images and PDF documents are
    attached, at most 5. Files that git ignores are left out unless their own path is given. What could not
    be read is listed at the end with the reason.

    Args:
        paths: Files to read, or folders to read all files of, relative to the workspace.
        include: Glob patterns of files to read, such as `src/**/*.py` or `*.md`.
        exclude: Glob patterns of files to leave out of those found in a folder or by a pattern.
    """
    reading = _Reading(files)
    found = await _found(reading, paths, include, exclude)
    if not found and not reading.notes:
        raise ToolFailed("No file matches; give paths, or other patterns.")
    if len(found) > MAX_FILES:
        reading.notes.append(f"{len(found):,} files match; only {MAX_FILES} of them were read.")
    for path in found[:MAX_FILES]:
        try:
            await reading.read(path)
        except ToolFailed as failed:
            reading.notes.append(str(failed))
    if not reading.texts and not reading.attachments:
        raise ToolFailed(_listed(reading.notes))
    return await asyncio.to_thread(reading.output)


@dataclass(frozen=True)
class _Text:
    path: str
    lines: list[str]
    is_whole: bool

    @property
    def size(self) -> int:
        return sum(map(len, self.lines)) + len(self.lines)

    def section(self, room: int) -> str:
        """The file under its title, with as many lines as fit."""
        page = first_lines(self.lines, room)
        body = "\n".join(page)[:room]
        title = shown(self.path)
        if not self.lines:
            title += " (empty)"
        elif len(page) < len(self.lines) or not self.is_whole:
            title += f" (lines 1-{len(page)} of {len(self.lines) if self.is_whole else 'many'})"
        return f"==> {title} <==\n{body}"


@dataclass
class _Reading:
    """What has been read so far."""

    files: Workspace
    texts: list[_Text] = field(default_factory=list[_Text])
    attachments: list[File] = field(default_factory=list[File])
    notes: list[str] = field(default_factory=list[str])
    _titles: int = 0
    _attached: int = 0

    async def read(self, path: str) -> None:
        """Read a file.

        Raises:
            ToolFailed: it cannot be read, or shown.
        """
        content = await self.files.read(path, _HEAD)
        if media_type(content.raw):
            await self._attach(path, content.entry.size)
            return
        self._titles += len(shown(path)) + _TITLE
        if self._titles > _MAX_TITLES:
            raise ToolFailed(f"{shown(path)} was left out: there is no room for it.")
        text = await asyncio.to_thread(text_of, content)
        lines = text.removesuffix("\n").split("\n") if text else []
        self.texts.append(_Text(path, lines, content.is_whole))

    async def _attach(self, path: str, size: int) -> None:
        self._attached += size
        if len(self.attachments) == MAX_ATTACHED or self._attached > MAX_ATTACHED_BYTES:
            raise ToolFailed(f"{shown(path)} is not attached, there are too many; use read_file.")
        content = await self.files.read(path)
        self.attachments.append(await asyncio.to_thread(attached, content))

    def output(self) -> ToolOutput:
        """All of it, and no longer than a result may be."""
        names = (f"[{file.name} ({file.media_type}) is attached.]" for file in self.attachments)
        rest = [*names, *([f"[{_listed(self.notes)}]"] if self.notes else [])]
        room = MAX_TEXT - self._titles - sum(map(len, rest)) - 2 * len(rest)
        most = share([text.size for text in self.texts], room)
        return ToolOutput(
            text="\n\n".join([*(text.section(most) for text in self.texts), *rest]),
            files=tuple(self.attachments),
        )


async def _found(
    reading: _Reading, paths: Iterable[str], include: Iterable[str], exclude: Iterable[str]
) -> list[str]:
    """The paths to read: those that are named in their order, then those that match."""
    files = reading.files
    is_meant, is_left_out = _any_of(include), _any_of(exclude)
    found: dict[str, None] = {}

    async def search(folder: str, is_meant: Callable[[str], bool]) -> None:
        entries, is_all = await files.files(folder)
        if not is_all:
            reading.notes.append(f"There are too many files in {shown(folder)} to look at all of them.")
        matching = await asyncio.to_thread(
            lambda: sorted(
                entry.path for entry in entries if is_meant(entry.path) and not is_left_out(entry.path)
            )
        )
        found.update(dict.fromkeys(matching))

    for path in paths:
        try:
            if (await files.stat(path)).kind == "folder":
                await search(files.relative(path), lambda _: True)
            else:
                found[files.relative(path)] = None
        except ToolFailed as failed:
            reading.notes.append(str(failed))
    if include:
        await search(".", is_meant)
    return list(found)


def _any_of(patterns: Iterable[str]) -> Callable[[str], bool]:
    matchers: list[Callable[[str], bool]] = []
    for pattern in patterns:
        try:
            matchers.append(matcher(pattern))
        except ValueError:
            raise ToolFailed(f"{shown(pattern)} is not a glob pattern.") from None
    return lambda path: any(matches(path) for matches in matchers)


def _listed(notes: list[str]) -> str:
    text = "\n".join(note if len(note) <= _MAX_NOTE else f"{note[:_MAX_NOTE]}…" for note in notes)
    if len(text) <= _MAX_NOTES:
        return text
    kept = text[:_MAX_NOTES].rpartition("\n")[0]
    return f"{kept}\n{len(notes) - kept.count(chr(10)) - 1:,} more could not be read, or not shown."


def share(sizes: list[int], room: int) -> int:
    """How much each may have at most so that all have room; what the small leave goes to the large.

    >>> share([10, 100, 500], room=300)
    190

    Args:
        sizes: what each would have, in characters.
        room: for all of them, in characters.
    """
    for number, size in enumerate(sorted(sizes)):
        most = room // (len(sizes) - number)
        if size > most:
            return most
        room -= size
    return max(sizes, default=0)
