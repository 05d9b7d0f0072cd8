"""Finds lines of files by a regular expression."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from agent.core.errors import ToolFailed
from agent.tooling._search import Query, places
from agent.tooling._writing import decode, readable
from agent.tooling.declaration import tool
from agent.tooling.ignoring import matcher
from agent.tooling.workspace import MAX_READ, Workspace, shown

MAX_MATCHES = 100
MAX_WIDTH = 300
SECONDS = 30.0


@tool("read", effect="pure")
async def grep(  # noqa: D417 (the model does not see files)
    files: Workspace, pattern: str, path: str = ".", include: str = "", *, ignore_case: bool = False
) -> str:
    """Search the lines of the workspace's files with a regular expression.

    Each match is one line `path:line number:text`. At most 100 come back; binary files and files that git
    ignores are left out.

    Args:
        pattern: The regular expression; put a backslash before signs such as `(` that are meant as they are.
        path: The file or folder to search, relative to the workspace.
        include: A glob pattern for the files to search, such as `*.py` or `src/**/*.{ts,tsx}`; empty for all.
        ignore_case: Whether capital and small letters are the same.
    """
    start = files.relative(path)
    await _require_searchable(files, path)
    asked = start != "." and await files.leaves_out(start, is_folder=True)
    query = Query(pattern, start, include, ignore_case, takes_ignored=asked)
    matches: list[tuple[str, int, str]] = []
    note = ""
    try:
        async with asyncio.timeout(SECONDS), aclosing(_matches(files, query)) as found:
            async for match in found:
                if len(matches) == MAX_MATCHES:
                    note = (
                        f"\n[There are more than {MAX_MATCHES} matches; make the pattern or path narrower.]"
                    )
                    break
                matches.append(match)
    except TimeoutError:
        note = f"\n[Stopped after {SECONDS:.0f} seconds; make the pattern or path narrower.]"
    if not matches:
        return f"[No line matches in {shown(start)}.]{note}"
    return "\n".join(f"{shown(name)}:{number}:{line}" for name, number, line in sorted(matches)) + note


async def _matches(files: Workspace, query: Query) -> AsyncGenerator[tuple[str, int, str]]:
    """The lines found, read from the files themselves and only where the workspace holds them."""
    try:
        is_meant = matcher(query.include) if query.include else None
    except ValueError:
        raise ToolFailed(f"{shown(query.include)} is not a glob pattern.") from None
    current, lines = "", [""]
    async with aclosing(places(files, query)) as found:
        async for path, number in found:
            name = files.relative(path)
            if name != current:
                current = name
                is_asked = name == query.path or is_meant is None or is_meant(name)
                lines = await _lines(files, name, query) if is_asked else []
            if number <= len(lines):
                yield name, number, _cut(lines[number - 1])


async def _require_searchable(files: Workspace, path: str) -> None:
    """Refuse what a search would wait for, or would pass over without a word."""
    entry = await files.stat(path)
    if entry.kind == "other":
        raise ToolFailed(f"{shown(path)} is neither a folder nor a regular file.")
    if entry.kind == "file" and entry.size > MAX_READ:
        raise ToolFailed(f"{shown(path)} is too large to search: {entry.size:,} bytes, at most {MAX_READ:,}.")


async def _lines(files: Workspace, path: str, query: Query) -> list[str]:
    if path != query.path and not query.takes_ignored and await files.leaves_out(path):
        return []
    try:
        content = await files.read(path)
    except ToolFailed:
        return []
    return await asyncio.to_thread(_split, content.raw)


def _split(raw: bytes) -> list[str]:
    text = decode(raw)
    return text[0].split("\n") if text else []


def _cut(line: str) -> str:
    line = readable(line.rstrip("\r"))
    return line if len(line) <= MAX_WIDTH else f"{line[:MAX_WIDTH]}… [{len(line) - MAX_WIDTH:,} more]"
