"""Writes a whole file."""

import asyncio

from agent.core.errors import ToolFailed
from agent.tooling import _omissions
from agent.tooling._diff import diff
from agent.tooling._folder import Content
from agent.tooling._writing import Writing, decode, has_windows_line_ends, with_line_ends
from agent.tooling.declaration import tool
from agent.tooling.workspace import MAX_READ, Workspace, shown


@tool("edit", effect="idempotent")
async def write_file(files: Workspace, path: str, content: str) -> str:  # noqa: D417 (the model does not see files)
    """Write a file of the workspace: a new one, or all of an existing one anew.

    Folders that are missing are made. An existing file keeps its encoding, its kind of line ends and its
    mode. Write the whole text: nothing fills in for "... rest unchanged ...". To change a part of a file,
    use edit. The answer shows what changed.

    Args:
        path: The file, relative to the workspace.
        content: All of its text.
    """
    entry = await files.find(path)
    old = await files.read(path) if entry and entry.size <= MAX_READ else None
    before, raw = await asyncio.to_thread(_written, old, content)
    await files.write(path, raw, entry.modified if entry else None)
    name = shown(files.relative(path))
    if entry is None:
        return f"Created {name} ({counted(content)})."
    if before is None:
        return f"Replaced {name}."
    if before == content:
        return f"{name} already held just this."
    return f"Replaced {name}.\n" + await asyncio.to_thread(diff, before, content, name)


def _written(old: Content | None, content: str) -> tuple[str | None, bytes]:
    """The old text, its line ends as the new one's, and the bytes to write."""
    decoded = decode(old.raw) if old else None
    before, writing = decoded or (None, Writing())
    if missing := _omissions.added(before or "", content):
        raise ToolFailed(f'The content leaves code out ("{missing[0]}"). Write the whole text.')
    if before is None:
        return None, writing.encode(content)
    if "\n" in before:
        after = with_line_ends(content, windows=has_windows_line_ends(before))
        return with_line_ends(before, windows="\r\n" in content), writing.encode(after)
    return before, writing.encode(content)


def counted(content: str) -> str:
    r"""How many lines a text has, in words.

    >>> counted("one"), counted("one\ntwo\n")
    ('1 line', '2 lines')
    """
    number = len(content.splitlines())
    return f"{number} line{'' if number == 1 else 's'}"
