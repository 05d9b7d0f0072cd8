"""The files of the workspace: a tree that is read one folder at a time, and one file at a time."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Annotated
from urllib.parse import quote

import reflex as rx
from pydantic import Field

from agent import sessions, tooling
from agent.core.errors import NotFound
from agent.core.identity import User
from agent.tooling import MOST_TEXT
from app.showing.colours import inks_of_file, language_of
from app.state import asked, bring_up
from app.words.drawer import (
    EMPTY_FILE,
    EMPTY_FOLDER,
    FIRST_PART,
    IGNORED,
    IMAGE,
    LINK,
    MORE_ENTRIES,
    OTHER,
    TOO_MANY_LINES,
    file_size,
)
from app.words.transcript import counted

TOP = "."
MOST_LINES = 3000
"""Lines of the tree that are drawn."""
MOST_FOLDERS = 100
"""Folders that can be open at once."""
BACKTICKS = re.compile("`+")
Id = Annotated[str, Field(min_length=1, max_length=200)]
Path = Annotated[str, Field(min_length=1, max_length=4096)]


@dataclass
class Line:
    """One line of the tree: a file, a folder, or a sentence about what is left out."""

    path: str = ""
    name: str = ""
    kind: str = ""
    """folder, file, link, other; `note` for a sentence."""
    size: str = ""
    depth: int = 0
    is_open: bool = False


class FilesState(rx.State):
    """The tree that the drawer shows, and the file that was opened from it."""

    session_id: str = ""
    lines: list[Line] = []
    path: str = ""
    """The opened file; empty while the tree is shown."""
    kind: str = ""
    note: str = ""
    text: str = ""
    """As a block of Markdown, so that it is coloured and copied like any other code."""
    inks: str = ""
    url: str = ""
    """Where the file can be fetched."""

    @rx.event
    @asked
    async def unfold(self, user: User, session_id: Id, path: Path) -> None:
        """Open a folder of the tree, or close it."""
        about_this = session_id == self.session_id
        opened = {line.path for line in self.lines if line.is_open and about_this}
        if path not in opened:  # what is none is told
            await tooling.look_into_folder(user, await sessions.get(user, session_id), path)
        await read(self, user, session_id, sorted(opened ^ {path})[:MOST_FOLDERS])

    @rx.event
    @asked
    async def open(self, user: User, session_id: Id, path: Path) -> None:
        """Show a file."""
        await show(self, user, session_id, path)

    @rx.event
    @asked
    async def leave(self, user: User, session_id: Id) -> None:
        """Show the tree again, as it is now."""
        self.path = self.text = self.inks = self.note = self.url = ""
        await look(self, user, session_id)


async def look(state: FilesState, user: User, session_id: str) -> None:
    """Read what is shown anew: the opened file, or the open folders."""
    if session_id != state.session_id:
        state.reset()
    if state.path:
        with suppress(NotFound):  # then what was read of it stays
            await show(state, user, session_id, state.path)
        return
    await read(state, user, session_id, [line.path for line in state.lines if line.is_open])


async def read(state: FilesState, user: User, session_id: str, opened: Iterable[str]) -> None:
    """Read the top of the workspace, and these folders; those that are gone are left out."""
    session = await sessions.get(user, session_id)
    folders = {TOP: await tooling.look_into_folder(user, session, TOP)}
    for path in opened:
        with suppress(NotFound):
            folders[path] = await tooling.look_into_folder(user, session, path)
    lines = list(islice(tree(folders), MOST_LINES + 1))
    if len(lines) > MOST_LINES:
        lines[-1] = Line(name=TOO_MANY_LINES.format(n=f"{MOST_LINES:,}"), kind="note")
    bring_up(state, session_id=session.id, lines=lines)


async def show(state: FilesState, user: User, session_id: str, path: str) -> None:
    """Read a file, to show it."""
    session = await sessions.get(user, session_id)
    seen = await tooling.look_at_file(user, session, path)
    text = seen.text.replace("\r\n", "\n").replace("\r", "\n")
    language = language_of(seen.path)
    inks = await asyncio.to_thread(inks_of_file, language, text) if text else ""
    bring_up(
        state,
        session_id=session.id,
        path=seen.path,
        kind=seen.kind,
        note=note(seen),
        text=block(text, language) if text else "",
        inks=inks,
        url=address(session.id, seen.path),
    )


def tree(folders: Mapping[str, tooling.Listing], path: str = TOP, depth: int = 0) -> Iterator[Line]:
    """The lines of a folder, and below each folder that is open those of its own.

    >>> item = tooling.Item("a", "a", "folder", 0)
    >>> [line.name for line in tree({".": tooling.Listing((item,), 1, 0)})]
    ['a']
    """
    found = folders[path]
    for item in found.items:
        is_open = item.kind == "folder" and item.path in folders
        size = file_size(item.size) if item.kind == "file" else LINK if item.kind == "link" else ""
        yield Line(item.path, item.name, item.kind, size, depth, is_open)
        if is_open:
            yield from tree(folders, item.path, depth + 1)
    if said := left_out(found):
        yield Line(name=said, kind="note", depth=depth)


def left_out(found: tooling.Listing) -> str:
    """What is not shown of a folder, and why; empty when all of it is.

    >>> left_out(tooling.Listing((), 0, 0)), left_out(tooling.Listing((), 0, 2))
    ('Nothing lies here.', '2 entries are ignored')
    """
    said: list[str] = []
    if found.entries > len(found.items):
        said.append(MORE_ENTRIES.format(shown=f"{len(found.items):,}", entries=f"{found.entries:,}"))
    if found.ignored:
        said.append(counted(IGNORED, found.ignored))
    return " ".join(said) or ("" if found.items else EMPTY_FOLDER)


def note(seen: tooling.Seen) -> str:
    """What there is to know of a file beside its text."""
    size = file_size(seen.size)
    if seen.kind != "text":
        return (IMAGE if seen.kind == "image" else OTHER).format(size=size)
    if not seen.size:
        return EMPTY_FILE
    return size if seen.is_whole else FIRST_PART.format(shown=file_size(MOST_TEXT), size=size)


def block(text: str, language: str) -> str:
    r"""A text as one block of code in Markdown, whatever it holds.

    >>> block("x = '```'\n", "python")
    "````python\nx = '```'\n````"
    """
    longest = max(map(len, BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.removesuffix(chr(10))}\n{fence}"


def address(session_id: str, path: str) -> str:
    """Where a file of a session's workspace can be fetched.

    >>> address("7a", "a b/c#.md")
    '/api/v1/sessions/7a/files/a%20b/c%23.md'
    """
    return f"/api/v1/sessions/{quote(session_id, safe='')}/files/{quote(path)}"
