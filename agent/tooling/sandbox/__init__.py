"""The sandbox: commands confined to a workspace, limited, and ended with all they became."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from agent.tooling.sandbox import protecting, scratch, starting
from agent.tooling.sandbox.choosing import Choice, chooser
from agent.tooling.sandbox.confinement import (
    Backend,
    Confinement,
    Ending,
    Limits,
    NoSandbox,
    Reason,
    Refused,
)
from agent.tooling.sandbox.running import Channel, Program
from agent.tooling.sandbox.spawner import spawner
from agent.tooling.spawning import DEVNULL, PIPE, spawn

__all__ = [
    "DEVNULL",
    "PIPE",
    "Backend",
    "Channel",
    "Choice",
    "Confinement",
    "Ending",
    "Limits",
    "NoSandbox",
    "Program",
    "Reason",
    "Refused",
    "choice",
    "close",
    "run",
    "spawn",
    "start",
    "sweep",
]

MOST = 1 << 20
"""Bytes of output that `run` keeps."""


@asynccontextmanager
async def start(
    command: str | Sequence[str],
    confinement: Confinement,
    *,
    takes_input: bool = False,
    joined: bool = True,
    backend: Backend | None = None,
) -> AsyncGenerator[Program]:
    """Run a command while the block runs; when it is left, nothing of the command is.

    Args:
        command: a line for the shell, or a program with its arguments.
        confinement: what it may.
        takes_input: whether it reads what `write` gives; else there is nothing to read.
        joined: whether what it says and what it complains of come as one, in their order.
        backend: what keeps it to that; by default what the probe has found to hold.

    Raises:
        NoSandbox: none works here.
        Refused: this command cannot be confined.
    """
    chosen = backend or await _backend(confinement)
    async with starting.start(
        command, confinement, chosen, takes_input=takes_input, joined=joined
    ) as program:
        yield program


async def run(
    command: str | Sequence[str],
    confinement: Confinement,
    *,
    most: int = MOST,
    backend: Backend | None = None,
) -> tuple[bytes, Ending]:
    """Run a command to its end; gives its output, of which the beginning and the end are kept.

    Raises:
        NoSandbox: none works here.
        Refused: this command cannot be confined.
    """
    return await starting.run(command, confinement, backend or await _backend(confinement), most)


async def choice() -> Choice:
    """Which backend the start-up probe found to hold; it is probed once."""
    return await chooser.choice()


async def sweep() -> None:
    """Remove what a server that was killed left: its folders, and placeholders in workspaces."""
    await asyncio.to_thread(_sweep)


async def close() -> None:
    """Let go of the spawner: the app ends."""
    await spawner.close()


async def _backend(confinement: Confinement) -> Backend:
    if confinement.is_bypassed:
        return "bypassed"
    found = await choice()
    if found.backend is None:
        raise NoSandbox(found.report)
    return found.backend


def _sweep() -> None:
    scratch.remove_abandoned()
    for workspace in scratch.left():
        protecting.tidy(workspace)
