"""Asks ripgrep, or our own slower search, where a pattern matches; both run apart and can be stopped."""

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

from agent.core.errors import ToolFailed
from agent.tooling.spawning import PIPE, spawn
from agent.tooling.workspace import OUTPUTS, Workspace, can_be_passed

MAX_PATTERN = 4000
"""Characters."""
MOST_OF_FILE = 101
"""Places in one file: one more than a call gives back."""
MOST_MEMORY = 2_000_000
"""Kilobytes: ripgrep holds a line whole, however long. To ask for sizes first takes a quarter longer."""

_HERE = Path(__file__).resolve()
_COMPLAINT = 2000
_FAILED = 2
_BOUNDED = ("/bin/sh", "-c", 'ulimit -d "$0" 2>/dev/null; exec "$@"')
"""A program with so much memory, where the system can count it."""
TOO_LONG = (
    "The search met a file with a line too long to hold. Search another folder, or name the files to search "
    "by `include`."
)


@dataclass(frozen=True)
class Query:
    """What to search for, and where."""

    pattern: str
    path: str
    """A file or folder, relative to the workspace."""
    include: str
    """A glob pattern for files; empty for all."""
    ignore_case: bool
    takes_ignored: bool = False
    """Whether ignored files are searched too, because the search begins at one."""


async def places(files: Workspace, query: Query) -> AsyncGenerator[tuple[str, int]]:
    """Where lines match: path and line number, the lines of a file one after the other.

    The search walks by name and can be led astray by whoever swaps a folder for a link. So it says only
    where to look; the reader opens each file anew, safely.

    Raises:
        ToolFailed: the pattern cannot be understood.
    """
    if max(len(query.pattern), len(query.include)) > MAX_PATTERN:
        raise ToolFailed(f"The pattern is too long; at most {MAX_PATTERN:,} characters.")
    if not (can_be_passed(query.pattern) and can_be_passed(query.include)):
        raise ToolFailed("The pattern holds a NUL or half a character; a line of text never does.")
    ripgrep = shutil.which("rg")
    command = _ripgrep(ripgrep, query) if ripgrep else _own(query)
    # The search gets no environment: no configuration file and no credential.
    search = await spawn(
        command,
        variables={"PYTHONPATH": str(_HERE.parent.parent.parent), "PYTHONSAFEPATH": "1"},
        folder=_folder_of(files),
        stderr=PIPE,
    )
    complaining = asyncio.create_task(_complaint(search))
    try:
        async for place in _read(search):
            yield place
        complaint = await complaining
        status = await search.wait()
        if status < 0:
            raise ToolFailed(TOO_LONG)
        if status == _FAILED and complaint:
            raise ToolFailed(f"The search failed. {complaint}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            search.kill()
        await complaining
        await search.communicate()


async def _complaint(search: asyncio.subprocess.Process) -> str:
    """The beginning of what the search complains of; all is taken from it, or it would wait for ever."""
    kept = b""
    while search.stderr and (piece := await search.stderr.read(_COMPLAINT)):
        kept = kept or piece
    return kept.decode("utf-8", "replace").strip()


async def _read(search: asyncio.subprocess.Process) -> AsyncGenerator[tuple[str, int]]:
    if search.stdout is None:
        return
    with contextlib.suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        while True:
            path = (await search.stdout.readuntil(b"\0"))[:-1]
            if b"binary file" in path:
                # A remark about the file before stands in front of the path.
                path = path.rpartition(b"\n")[2]
            path = path.removeprefix(b"./")
            number = (await search.stdout.readuntil(b"\n")).partition(b":")[0]
            yield path.decode("utf-8", "surrogateescape"), int(number)


def _ripgrep(program: str, query: Query) -> list[str]:
    options = [
        "--no-config",
        "--no-messages",
        "--no-ignore-messages",
        "--no-heading",
        "--color=never",
        "--line-number",
        "--crlf",
        "--with-filename",
        "--null",
        # The line itself is read by us; here it only costs.
        "--max-columns=1",
        f"--max-count={MOST_OF_FILE}",
        "--engine=auto",
        "--hidden",
        "--no-follow",
        "--no-require-git",
        "--no-ignore-parent",
        "--no-ignore-global",
        "--ignore-file=.gitignore",
    ]
    if query.takes_ignored:
        options.append("--no-ignore")
    if query.ignore_case:
        options.append("--ignore-case")
    if query.include:
        options.append(f"--glob={query.include}")
    path = "./" if query.path == "." else f"./{query.path}"
    places = ["--glob=!.git", f"--glob=!/{OUTPUTS}", "--", query.pattern, path]
    return [*_BOUNDED, str(MOST_MEMORY), program, *options, *places]


def _own(query: Query) -> list[str]:
    flags = "i" if query.ignore_case else "-"
    return [
        sys.executable,
        "-m",
        "agent.tooling._plain_search",
        flags,
        query.pattern,
        query.path,
        query.include,
    ]


def _folder_of(files: Workspace) -> str:
    """The open folder by its descriptor where the system can name it, else by its path."""
    by_descriptor = f"/proc/self/fd/{files.descriptor}"
    return by_descriptor if Path(by_descriptor).exists() else files.root
