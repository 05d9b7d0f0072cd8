"""Replaces a passage of a file."""

import asyncio

from agent.core.errors import ToolFailed
from agent.tooling import _omissions
from agent.tooling._diff import diff
from agent.tooling._matching import MAX_PLACES, Found, find, nearest, replaced
from agent.tooling._writing import Writing, decode, readable
from agent.tooling.declaration import tool
from agent.tooling.workspace import MAX_WRITE, Workspace, shown

_PLACES_SHOWN = 20


@tool("edit", effect="once")
async def edit(  # noqa: D417 (the model does not see files)
    files: Workspace, path: str, old_string: str, new_string: str, *, replace_all: bool = False
) -> str:
    """Replace a passage of a file; everything else in it stays.

    Read the file first and copy the passage exactly, with enough lines around it that it stands in the file
    only once. If it is not found just so, a passage that differs only in white space, or in less than a tenth
    of its letters, is taken; the answer shows what changed, so check it then. An empty old_string creates a
    new file.

    Args:
        path: The file, relative to the workspace.
        old_string: The passage as it stands in the file.
        new_string: What shall stand there instead, in full; empty to delete the passage.
        replace_all: Whether to replace every such passage instead of the only one.
    """
    name = shown(files.relative(path))
    await asyncio.to_thread(_require_all, old_string, new_string)
    if not old_string:
        return await _create(files, path, new_string)
    if old_string == new_string:
        raise ToolFailed("old_string and new_string are identical; nothing would change.")
    content = await files.read_whole(path)
    raw, answer = await asyncio.to_thread(
        _edited, content.raw, name, old_string, new_string, every=replace_all
    )
    await files.write(path, raw, content.entry.modified)
    return answer


def _require_all(old: str, new: str) -> None:
    if missing := _omissions.added(old, new):
        raise ToolFailed(f'new_string leaves code out ("{missing[0]}"). Write all of what shall stand there.')


def _edited(raw: bytes, name: str, old: str, new: str, *, every: bool) -> tuple[bytes, str]:
    """The file's new bytes, and what to say of the change."""
    decoded = decode(raw)
    if decoded is None:
        raise ToolFailed(f"{name} is a binary file, not text.")
    text, writing = decoded
    found = _found(text, old, name, every=every)
    if len(text) + len(found.spans) * len(new) > MAX_WRITE:
        raise ToolFailed(f"{name} would become too large: at most {MAX_WRITE:,} bytes can be written.")
    after = replaced(text, found.spans, new)
    return writing.encode(after), f"Edited {name}{_remark(found)}.\n{diff(text, after, name)}"


async def _create(files: Workspace, path: str, text: str) -> str:
    name = shown(files.relative(path))
    if await files.find(path):
        raise ToolFailed(f"{name} already exists; give the passage to replace, or use write_file.")
    await files.write(path, Writing().encode(text))
    return f"Created {name}."


def _found(text: str, old: str, name: str, *, every: bool) -> Found:
    """The place to change, or the places.

    Raises:
        ToolFailed: there is none, or it is not clear which.
    """
    plain, sought = text.replace("\r\n", "\n"), old.replace("\r\n", "\n")
    found = find(plain, sought)
    if found is None:
        near = nearest(plain, sought)
        advice = f" The nearest lines are:\n{readable(near)}" if near else " Read the file again."
        raise ToolFailed(f"old_string was not found in {name}.{advice}")
    if len(found.spans) > MAX_PLACES:
        raise ToolFailed(
            f"old_string stands in more than {MAX_PLACES:,} places of {name}; give a longer one."
        )
    if len(found.spans) > 1 and not (every and found.rung != "fuzzy"):
        lines = [plain.count("\n", 0, span.start) + 1 for span in found.spans[:_PLACES_SHOWN]]
        numbers = ", ".join(map(str, lines)) + ("…" if len(found.spans) > _PLACES_SHOWN else "")
        kind = "was found" if found.rung == "exact" else "was not found just so, but something like it"
        advice = "Copy it from the file as it stands there" if found.rung == "fuzzy" else "Or set replace_all"
        raise ToolFailed(
            f"old_string {kind} {len(found.spans)} times in {name}, at lines {numbers}. "
            f"Add lines around it so that it is the only one. {advice}."
        )
    return found


def _remark(found: Found) -> str:
    where = f" in {len(found.spans)} places" if len(found.spans) > 1 else ""
    match found.rung:
        case "exact":
            return where
        case "whitespace_flexible" | "token":
            return f"{where}; old_string differed in white space"
        case "fuzzy":
            return f"{where}; old_string differed a little from the file, so check this"
