"""What the agent has changed in the workspace, file by file."""

import asyncio
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import reflex as rx
from pydantic import Field

from agent import sessions
from agent.core.identity import User
from agent.core.transcript import Row
from app.showing.calls import counts
from app.showing.changes import MOST_LINES, Change, change, patch
from app.state import asked, bring_up
from app.words.drawer import CHANGED_FILES, NOT_BY_LINE, OLDER_CHANGES, TOO_MANY
from app.words.transcript import counted

MOST_DRAWN = 300_000
"""Characters of all diffs together that are sent to a page."""
Scope = Literal["turn", "session"]
Id = Annotated[str, Field(min_length=1, max_length=200)]


@dataclass
class Piece:
    """One change of a file."""

    text: str = ""
    marks: str = ""


@dataclass
class FileChanged:
    """A file, and all that was changed in it."""

    path: str = ""
    folder: str = ""
    """With its slash; empty for what lies at the top."""
    name: str = ""
    counts: str = ""
    pieces: list[Piece] = field(default_factory=list[Piece])
    patch: str = ""
    """All of it as a patch; empty where lines are missing."""
    note: str = ""
    is_open: bool = False


class ChangesState(rx.State):
    """The changes that the drawer shows."""

    files: list[FileChanged] = []
    scope: str = "session"
    summary: str = ""
    note: str = ""

    @rx.event
    @asked
    async def choose(self, user: User, session_id: Id, scope: Scope) -> None:
        """Show the changes of the last turn, or of the whole session."""
        self.scope = scope
        await look(self, user, session_id)


async def look(state: ChangesState, user: User, session_id: str) -> None:
    """Read what was changed. It is no method: whoever opens a socket could call it in anybody's name."""
    bring_up(state, **await found(user, session_id, state.scope))


async def found(user: User, session_id: str, scope: str) -> dict[str, object]:
    """What was changed, as the State's values; of a long session this takes a while."""
    session = await sessions.get(user, session_id)
    edits = await sessions.edits(user, session_id)
    meant = edits.last_turn if scope == "turn" else ""
    calls = [row for row in edits.calls if not meant or row.turn_id == meant]
    older = "" if edits.is_whole else OLDER_CHANGES.format(n=len(edits.calls))
    return {**await asyncio.to_thread(compared, calls, session.workspace), "note": older}


def compared(calls: Sequence[Row], workspace: str) -> dict[str, object]:
    """What calls have changed, and how much; to be called in a thread.

    >>> compared([], "/w")
    {'files': [], 'summary': ''}
    """
    files = files_changed(calls, workspace)
    return {"files": files, "summary": summary(calls, files)}


def files_changed(calls: Iterable[Row], workspace: str) -> list[FileChanged]:
    """What calls have changed, file by file, in the order in which each was changed first.

    >>> row = Row(id="c", kind="tool", title="write_file", status="ok", text="Created a/b.md (1 line).")
    >>> row = row.model_copy(update={"values": {"path": "a/b.md", "content": "Milk"}})
    >>> [(one.folder, one.name, one.counts) for one in files_changed([row], "/w")]
    [('a/', 'b.md', '+1')]
    """
    by_path: dict[str, list[tuple[Row, Change | None]]] = {}
    for row in calls:
        one = change(row) if row.status == "ok" else None
        if one or (row.status == "ok" and row.text.startswith("Replaced ")):
            by_path.setdefault(path_of(row, workspace), []).append((row, one))
    room = MOST_DRAWN
    files: list[FileChanged] = []
    for path, each in by_path.items():
        made = _file(path, each)
        room -= sum(len(piece.text) for piece in made.pieces) + len(made.patch)
        if room < 0:
            made.pieces, made.patch, made.note, made.is_open = [], "", TOO_MANY, False
        files.append(made)
    return files


def path_of(row: Row, workspace: str) -> str:
    r"""The file that a call changed, relative to the workspace.

    >>> row = Row(id="c", kind="tool", title="edit", text="Edited a.\n--- a\n+++ a", values={"path": "x"})
    >>> path_of(row, "/w"), path_of(row.model_copy(update={"text": "", "values": {"path": "/w/b"}}), "/w")
    ('a', 'b')
    """
    before, told, rest = row.text.partition("\n--- ")
    if told and "\n" not in before:
        return rest.partition("\n")[0]
    path = str(row.values.get("path", ""))
    return posixpath.relpath(path, workspace) if path.startswith("/") else posixpath.normpath(path)


def _file(path: str, made: list[tuple[Row, Change | None]]) -> FileChanged:
    known = [one for _, one in made if one]
    added, removed = sum(one.added for one in known), sum(one.removed for one in known)
    folder, slash, name = path.rpartition("/")
    patches = [patch(row, one, path) if one else "" for row, one in made]
    return FileChanged(
        path=path,
        folder=folder + slash,
        name=name,
        counts=counts(added, removed),
        pieces=[Piece(one.text, one.marks) for one in known],
        patch="".join(patches) if all(patches) else "",
        note="" if len(known) == len(made) else NOT_BY_LINE,
        is_open=added + removed <= MOST_LINES,
    )


def summary(calls: Iterable[Row], files: list[FileChanged]) -> str:
    """How much was changed, in a few words; nothing for nothing.

    >>> summary([], [])
    ''
    """
    if not files:
        return ""
    known = [one for row in calls if row.status == "ok" and (one := change(row))]
    lines = counts(sum(one.added for one in known), sum(one.removed for one in known))
    return " · ".join(filter(None, [counted(CHANGED_FILES, len(files)), lines]))
