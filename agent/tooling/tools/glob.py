"""Finds files by their name."""

import asyncio

from agent.core.errors import ToolFailed
from agent.tooling.declaration import tool
from agent.tooling.ignoring import matcher
from agent.tooling.workspace import Workspace, shown

MAX_FILES = 200


@tool("read", effect="pure")
async def glob(files: Workspace, pattern: str, path: str = ".") -> str:  # noqa: D417 (the model does not see files)
    """Find files of the workspace by a glob pattern, the newest first.

    `*` stands for any letters of a name, `**` for any folders, `{a,b}` for either. A pattern without a slash
    matches names at any depth: `*.py` finds all Python files. Files that git ignores are left out.

    Args:
        pattern: The pattern, such as `src/**/*.{ts,tsx}`.
        path: The folder the pattern starts from, relative to the workspace.
    """
    try:
        is_meant = matcher(pattern)
    except ValueError:
        raise ToolFailed(f"{shown(pattern)} is not a glob pattern.") from None
    start = files.relative(path)
    prefix = "" if start == "." else f"{start}/"
    entries, is_all = await files.files(path)
    found = await asyncio.to_thread(
        lambda: sorted(
            (entry for entry in entries if is_meant(entry.path.removeprefix(prefix))),
            key=lambda entry: (-entry.modified, entry.path),
        )
    )
    lines = [shown(entry.path) for entry in found[:MAX_FILES]]
    if len(found) > MAX_FILES:
        lines.append(f"[{len(found):,} files match; these are the newest {MAX_FILES}.]")
    if not found:
        lines.append(f"[No file matches {shown(pattern)} in {shown(start)}.]")
    if not is_all:
        lines.append("[There are too many files to look at all of them; give a folder further down.]")
    return "\n".join(lines)
