"""Programs of ours begin here and nowhere else: without our environment, our descriptors and our terminal."""

import asyncio
import os
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["DEVNULL", "PIPE", "PYTHON", "companion", "spawn"]

PYTHON = (str(Path(sys.executable).resolve()), "-I", "-S", "-B")
"""Our interpreter with the standard library alone: no variable and no folder lends it modules."""
_NOWHERE = "/"


async def spawn(
    argv: Sequence[str],
    *,
    variables: Mapping[str, str] | None = None,
    folder: str | os.PathLike[str] = _NOWHERE,
    stdin: int = DEVNULL,
    stdout: int = PIPE,
    stderr: int = DEVNULL,
) -> Process:
    """Start a program of ours: one we trust, on what we do not; whoever starts it waits for it.

    Args:
        argv: the program and its arguments; no shell reads them.
        variables: its whole environment.
        folder: where it works.
        stdin: as for asyncio, like the other two.
        stdout: what it says.
        stderr: what it complains of.
    """
    return await asyncio.create_subprocess_exec(
        *argv,
        env=dict(variables or {}),
        cwd=folder,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


def companion(argv: Sequence[str], stdin: int) -> subprocess.Popen[bytes]:
    """Start a program of ours that stays as long as we do, whatever event loop comes and goes; blocks.

    Args:
        argv: the program and its arguments.
        stdin: a descriptor; the rest of what it says goes nowhere.
    """
    return subprocess.Popen(  # noqa: S603 - ours
        argv, env={}, cwd=_NOWHERE, stdin=stdin, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
    )
