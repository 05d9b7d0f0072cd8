"""Searches files where ripgrep is missing; its own program, so that an endless pattern can be stopped."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator

from agent.core.errors import ToolFailed
from agent.tooling._writing import decode
from agent.tooling.ignoring import matcher
from agent.tooling.workspace import Workspace

_MAX_FILES = 1_000_000


async def search(
    files: Workspace, pattern: re.Pattern[str], path: str, include: str
) -> AsyncGenerator[tuple[str, int]]:
    """Every line that matches: path and line number.

    Raises:
        ToolFailed: the path cannot be searched.
    """
    is_meant = matcher(include) if include else None
    found = [path]
    if (await files.stat(path)).kind == "folder":
        entries, is_all = await files.files(path, _MAX_FILES)
        if not is_all:
            raise ToolFailed("There are too many files; search a folder further down.")
        found = [entry.path for entry in entries]
    for name in found:
        if name == path or is_meant is None or is_meant(name):
            for number in await _lines(files, name, pattern):
                yield name, number


async def _lines(files: Workspace, path: str, pattern: re.Pattern[str]) -> list[int]:
    try:
        text = decode((await files.read_whole(path)).raw)
    except ToolFailed:
        return []
    # Behind the last line end there is no line.
    lines = text[0].removesuffix("\n").split("\n") if text and text[0] else []
    return [number for number, line in enumerate(lines, 1) if pattern.search(line.removesuffix("\r"))]


async def main(flags: str, pattern: str, path: str, include: str) -> int:
    """Search the folder we were started in; the exit status is ripgrep's."""
    try:
        compiled = re.compile(pattern, re.IGNORECASE if flags == "i" else 0)
    except re.error as error:
        sys.stderr.write(f"regex parse error: {error}\n")
        return 2
    try:
        async with Workspace(".") as files:
            async for name, number in search(files, compiled, path, include):
                sys.stdout.buffer.write(os.fsencode(name) + b"\0%d:\n" % number)
                sys.stdout.buffer.flush()
    except ToolFailed as failed:
        sys.stderr.write(str(failed))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
