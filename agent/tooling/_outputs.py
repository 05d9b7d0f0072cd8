"""Results that are too long for the model: it gets a part, and the whole lies in the workspace to be read."""

import re
import secrets

from agent.core.errors import ToolFailed
from agent.tooling._folder import Entry
from agent.tooling.declaration import MAX_TEXT, ToolOutput, bounded, shortened
from agent.tooling.workspace import MAX_WRITE, OUTPUTS, Workspace

MAX_FILES = 50
"""Kept in a workspace; the oldest go."""
MAX_BYTES = 64 << 20
"""Of all of them together."""

_NAME = re.compile(r"[\w-]+-[0-9a-f]{12}\.txt", re.ASCII)
_KEPT = re.compile(
    rf"were left out here, from line \d+ on\. All of it is in ({re.escape(OUTPUTS)}/{_NAME.pattern}):"
)
_LONGEST_NAME = 60


async def fitted(files: Workspace, name: str, output: ToolOutput, longest: int = MAX_TEXT) -> ToolOutput:
    """A tool's output as the model gets it: when it is too long, a part of it and where the whole is kept."""
    if len(output.text) <= longest:
        return output
    return bounded(output, await save(files, name, output.text), longest)


async def save(files: Workspace, name: str, text: str) -> str:
    """Keep a whole result; gives its path in the workspace, empty when it cannot be kept there.

    Args:
        files: the session's workspace.
        name: the tool's, or the call's.
        text: all of it; of more than a file may hold, the middle is left out with a note.
    """
    fitting = shortened(text, MAX_WRITE // 4) if len(text) > MAX_WRITE // 4 else text
    plain = re.sub(r"[^\w-]+", "_", name, flags=re.ASCII)[:_LONGEST_NAME] or "result"
    try:
        # What git keeps of a workspace is the person's own work.
        await files.keep(".gitignore", b"*\n")
        path = await files.keep(f"{plain}-{secrets.token_hex(6)}.txt", fitting.encode("utf-8", "replace"))
        await _discard_oldest(files, path)
    except ToolFailed:
        return ""
    return path


def place_of_whole(told: str) -> str:
    """Where all of a result is kept of which a part was told; empty when that was all, or nobody kept it.

    >>> place_of_whole("[9 characters of 10 were left out here, from line 2 on.]")
    ''
    """
    found = _KEPT.search(told)
    return found[1] if found else ""


async def _discard_oldest(files: Workspace, newest: str) -> None:
    entries, _ = await files.entries(OUTPUTS)
    kept = [entry for entry in entries if entry.kind == "file" and _NAME.fullmatch(entry.name)]
    kept.sort(key=lambda entry: (entry.path == newest, entry.modified), reverse=True)
    for entry in _surplus(kept):
        await files.discard(entry.name)


def _surplus(kept: list[Entry]) -> list[Entry]:
    """Those that are too many, or too much with those before them."""
    total = 0
    for number, entry in enumerate(kept):
        total += entry.size
        if number and (number >= MAX_FILES or total > MAX_BYTES):
            return kept[number:]
    return []
