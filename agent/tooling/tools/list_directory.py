"""Lists what lies in a folder."""

import asyncio

from agent.tooling._folder import Entry
from agent.tooling.declaration import tool
from agent.tooling.workspace import Workspace, shown

MAX_ENTRIES = 1000


@tool("read", effect="pure")
async def list_directory(files: Workspace, path: str = ".") -> str:  # noqa: D417 (the model does not see files)
    """List a folder of the workspace: folders first, then files with their size in bytes.

    Entries that git ignores are counted, not shown. For files further down use glob.

    Args:
        path: The folder, relative to the workspace; "." is the workspace itself.
    """
    entries, ignored = await files.entries(path)
    await asyncio.to_thread(entries.sort, key=lambda entry: entry.kind != "folder")
    lines = [_line(entry) for entry in entries[:MAX_ENTRIES]]
    if len(entries) > MAX_ENTRIES:
        lines.append(f"[{len(entries) - MAX_ENTRIES:,} more entries]")
    if not entries:
        lines.append(f"[{shown(path)} is empty.]")
    if ignored:
        lines.append(f"[{ignored:,} ignored {'entry' if ignored == 1 else 'entries'} not shown]")
    return "\n".join(lines)


def _line(entry: Entry) -> str:
    name = shown(entry.name)
    match entry.kind:
        case "folder":
            return f"{name}/"
        case "file":
            return f"{name}  {entry.size:,}"
        case "link":
            return f"{name}  (link)"
        case "other":
            return f"{name}  (not a regular file)"
