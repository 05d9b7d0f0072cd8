"""Searches files where ripgrep is missing; its own program, so that an endless pattern can be stopped."""

import asyncio
import os
import re
import sys

from agent.core.errors import ToolFailed
from agent.tooling._writing import decode
from agent.tooling.ignoring import matcher
from agent.tooling.workspace import Workspace


async def search(files: Workspace, pattern: re.Pattern[str], path: str, include: str) -> None:
    """Print path, NUL and line number of every line that matches."""
    is_meant = matcher(include) if include else None
    if (await files.stat(path)).kind == "folder":
        found = [entry.path for entry in (await files.files(path))[0]]
    else:
        found = [path]
    for name in found:
        if name == path or is_meant is None or is_meant(name):
            for number in await _lines(files, name, pattern):
                sys.stdout.buffer.write(os.fsencode(name) + b"\0%d:\n" % number)
            sys.stdout.buffer.flush()


async def _lines(files: Workspace, path: str, pattern: re.Pattern[str]) -> list[int]:
    try:
        text = decode((await files.read_whole(path)).raw)
    except ToolFailed:
        return []
    lines = text[0].split("\n") if text else []
    lines = [line.removesuffix("\r") for line in lines]
    return [number for number, line in enumerate(lines, 1) if pattern.search(line)]


async def main(flags: str, pattern: str, path: str, include: str) -> int:
    """Search the folder we were started in; the exit status is ripgrep's."""
    try:
        compiled = re.compile(pattern, re.IGNORECASE if flags == "i" else 0)
    except re.error as error:
        sys.stderr.write(f"regex parse error: {error}\n")
        return 2
    async with Workspace(".") as files:
        await search(files, compiled, path, include)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
