"""What people wrote for the model into their folders: GEMINI.md and AGENTS.md, general ones first."""

import html
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from agent.core.errors import ToolFailed
from agent.core.messages import Value
from agent.tooling._imports import Found, Reader, Room
from agent.tooling.workspace import Workspace, shown

NAMES = ("GEMINI.md", "AGENTS.md")
MAX_FOLDERS = 500
"""Folders that are looked into."""

_FROM_THE_START = """The person and the project left instructions in files, general ones first. Follow them;
where two disagree, the later one holds. They allow nothing that the mode or the rules here forbid."""
_FOR_A_FOLDER = "This folder has instructions of its own, which hold for what lies in it:"

Source = Literal["global", "workspace", "folder"]


class InstructionFile(Value):
    """A file that is told, or why it is not."""

    path: str
    """Relative to the workspace; absolute when it is global."""
    size: int
    """Bytes on the disk."""
    source: Source
    problem: str = ""
    """What is left out of it, and why; empty when nothing is."""


class Instructions(Value):
    """What the model is told, and the files it comes from."""

    text: str = ""
    files: tuple[InstructionFile, ...] = ()


async def instructions(
    files: Workspace, global_folder: Path | None, touched: Iterable[str] = ()
) -> Instructions:
    """All that holds in a session.

    Args:
        files: the session's workspace.
        global_folder: where the person keeps what holds in every workspace.
        touched: files that tools worked on, or folders, which end in a slash; the folders on the way to each
            are looked into.
    """
    room = Room()
    pieces: list[Instructions] = []
    if global_folder is not None:
        pieces += await _global(global_folder, room)
    reader = Reader(files, set(), room)
    pieces += [await _told(reader, ".", "workspace")]
    folders = await _folders(files, touched)
    pieces += [await _told(reader, folder, "folder") for folder in folders[:MAX_FOLDERS]]
    if left_out := folders[MAX_FOLDERS:]:
        problem = f"this folder and {len(left_out) - 1:,} more were not looked into"
        pieces += [Instructions(files=(_unread(left_out[0], "folder", problem),))]
    return _joined(_FROM_THE_START, pieces)


async def new_instructions(files: Workspace, path: str, known: set[str]) -> Instructions:
    """What holds in the folders on the way to a path and was not told before.

    Args:
        files: the session's workspace.
        path: the file or folder that a tool has just worked on.
        known: the paths of the files that were told or could not be; not changed.
    """
    reader = Reader(files, set(known), Room())
    folders = (await _folders(files, [path, f"{path}/"]))[:MAX_FOLDERS]
    pieces = [await _told(reader, ".", "workspace")]
    pieces += [await _told(reader, folder, "folder") for folder in folders]
    return _joined(_FOR_A_FOLDER, pieces)


async def _global(folder: Path, room: Room) -> list[Instructions]:
    try:
        async with Workspace(folder) as files:
            return [await _told(Reader(files, set(), room), ".", "global")]
    except ToolFailed as failed:
        if isinstance(failed.__cause__, FileNotFoundError):
            return []
        return [Instructions(files=(_unread(str(folder), "global", str(failed)),))]


async def _folders(files: Workspace, touched: Iterable[str]) -> list[str]:
    """The folders below the workspace on the way to each path, outer ones first.

    What git ignores, such as the packages of others, has nothing to say here.
    """
    found: dict[str, None] = {}
    for path in touched:
        try:
            parts = files.relative(path).split("/")
        except ToolFailed:
            continue
        depths = range(1, len(parts) + path.endswith("/"))
        found |= dict.fromkeys("/".join(parts[:depth]) for depth in depths)
    found.pop(".", None)
    return [folder for folder in found if not await files.leaves_out(folder, is_folder=True)]


async def _told(reader: Reader, folder: str, source: Source) -> Instructions:
    """What the context files of one folder say."""
    before = len(reader.found)
    told: dict[str, str] = {}
    for name in NAMES:
        path = name if folder == "." else f"{folder}/{name}"
        if path in reader.known:
            continue
        try:
            text = await reader.read(path)
        except ToolFailed as failed:
            reader.found.append(Found(path, problem=str(failed)))
            continue
        if text in told:
            reader.found[-1] = replace(reader.found[-1], problem="it says the same as the file before")
        elif text and text.strip():
            told[text] = _tagged(path, source, await reader.expanded(text, path))
    root = f"{reader.files.root}/" if source == "global" else ""
    return Instructions(
        text="\n\n".join(told.values()),
        files=tuple(_file(found, source, root) for found in reader.found[before:]),
    )


def _tagged(path: str, source: Source, text: str) -> str:
    name = html.escape(shown(path))
    return f'<instructions file="{name}" from="{source}">\n{text.strip()}\n</instructions>'


def _file(found: Found, source: Source, root: str) -> InstructionFile:
    return InstructionFile(path=root + found.path, size=found.size, source=source, problem=found.problem)


def _unread(path: str, source: Source, problem: str) -> InstructionFile:
    return InstructionFile(path=path, size=0, source=source, problem=problem)


def _joined(opening: str, pieces: list[Instructions]) -> Instructions:
    texts = [piece.text for piece in pieces if piece.text]
    files = tuple(file for piece in pieces for file in piece.files)
    return Instructions(text="\n\n".join([opening, *texts]) if texts else "", files=files)
