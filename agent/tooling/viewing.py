"""The workspace as a person looks through it: one folder at a time, one file at a time."""

import asyncio
from dataclasses import dataclass
from typing import Literal

from agent.core.errors import LimitReached, NotFound, ToolFailed
from agent.tooling._folder import EntryKind
from agent.tooling._reading import media_type
from agent.tooling._writing import decode, readable
from agent.tooling.workspace import MAX_READ, Workspace, shown

MOST_ENTRIES = 1000
"""Of one folder."""
MOST_TEXT = 200_000
"""Bytes of a text that are shown."""
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Raster images: nothing in them can run."""

Kind = Literal["text", "image", "other"]


@dataclass(frozen=True)
class Item:
    """What lies in a folder."""

    path: str
    name: str
    """As one line that can be shown."""
    kind: EntryKind
    size: int


@dataclass(frozen=True)
class Listing:
    """What lies in a folder, folders first, of too much the first."""

    items: tuple[Item, ...]
    entries: int
    """How many there are."""
    ignored: int
    """How many are left out, as ignore files say."""


@dataclass(frozen=True)
class Seen:
    """A file, as far as it can be shown."""

    path: str
    kind: Kind
    size: int
    text: str = ""
    is_whole: bool = True


@dataclass(frozen=True)
class Taken:
    """A file to take away."""

    name: str
    raw: bytes
    media_type: str
    """Of a raster image, judged by its first bytes; empty for all else."""


async def listing(files: Workspace, path: str) -> Listing:
    """What lies in a folder of the workspace.

    Raises:
        NotFound: it is not there, or no folder.
    """
    try:
        found, ignored = await files.entries(path)
    except ToolFailed:
        raise NotFound("folder") from None
    ordered = sorted(found, key=lambda entry: entry.kind != "folder")
    # A name that is no text in any encoding cannot be asked for again.
    items = [
        Item(entry.path, shown(entry.name), entry.kind, entry.size)
        for entry in ordered
        if entry.path.isprintable()
    ]
    return Listing(tuple(items[:MOST_ENTRIES]), len(items), ignored)


async def seen(files: Workspace, path: str) -> Seen:
    """A file's text, or what it is when it has none.

    Raises:
        NotFound: it is not there, or no file.
    """
    try:
        content = await files.read(path, MOST_TEXT)
    except ToolFailed:
        raise NotFound("file") from None
    inner, size = files.relative(path), content.entry.size
    kind = media_type(content.raw)
    if kind in IMAGES:
        return Seen(inner, "image", size)
    decoded = None if kind else await asyncio.to_thread(decode, content.raw, is_whole=content.is_whole)
    if decoded is None:
        return Seen(inner, "other", size)
    return Seen(inner, "text", size, readable(decoded[0]).replace("\0", "\ufffd"), content.is_whole)


async def taken(files: Workspace, path: str) -> Taken:
    """A whole file.

    Raises:
        NotFound: it is not there, or no file.
        LimitReached: it is larger than is ever read.
    """
    try:
        content = await files.read(path)
    except ToolFailed:
        raise NotFound("file") from None
    if not content.is_whole:
        raise LimitReached("file_too_large", most=f"{MAX_READ >> 20} MB")
    kind = media_type(content.raw)
    return Taken(content.entry.name, content.raw, kind if kind in IMAGES else "")
