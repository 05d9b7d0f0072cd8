"""What the tools do for guests: they work in the guest's own workspace, and ask before they reach further."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from agent.core.errors import ToolFailed
from agent.core.rules import Rule
from agent.tooling.declaration import Tool
from agent.tooling.permissions import Permission
from agent.tooling.ruling import Standing

BEYOND = frozenset({"programs", "services"})
"""What a tool is given that reaches beyond a workspace: no guest's tool is."""
MOST_BYTES = 50_000_000
"""Of a guest's workspace: a small project fits, and a thousand guests fit on a disk."""
MOST_FILES = 5000
"""Of a guest's workspace, folders too: empty ones take room as well."""


def standing(tools: Iterable[Tool]) -> Standing:
    """What holds for every guest, in place of what a person has settled.

    Args:
        tools: all there are; one that is added tomorrow is judged like the others, by what it is given.
    """
    names = {tool.definition.name: tool for tool in tools}
    shut = {
        name: Permission(tool=name, is_enabled=False) for name, tool in names.items() if not _is_fit(tool)
    }
    asking = tuple(Rule(tool=name, decision="ask") for name, tool in names.items() if "out" in tool.flow)
    return Standing(rules=asking, permissions=shut)


async def require_room(tool: Tool, workspace: str) -> None:
    """Let a tool that writes go on only while the workspace has room.

    Raises:
        ToolFailed: it is full.
    """
    if tool.definition.kind == "edit" and await asyncio.to_thread(_is_full, Path(workspace)):
        raise ToolFailed(
            f"The workspace is full: guests have {MOST_BYTES // 1_000_000} MB and {MOST_FILES:,} files."
        )


def _is_fit(tool: Tool) -> bool:
    return tool.definition.kind != "execute" and not tool.given & BEYOND


def _is_full(workspace: Path) -> bool:
    entries = taken = 0
    for folder, folders, files in os.walk(workspace):
        entries += len(folders) + len(files)
        taken += sum(_size(Path(folder, name)) for name in files)
        if entries > MOST_FILES or taken > MOST_BYTES:
            return True
    return False


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
