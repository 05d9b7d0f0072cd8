"""Starts a command in a backend, and tidies up after it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, asynccontextmanager, nullcontext
from pathlib import Path

from agent.tooling.sandbox import protecting, scratch
from agent.tooling.sandbox.backends import Configuration, Wanted, bubblewrap, bypassed, landlock
from agent.tooling.sandbox.confinement import Backend, Confinement, Ending, Refused
from agent.tooling.sandbox.lasting import to_the_end
from agent.tooling.sandbox.proxy import Proxy
from agent.tooling.sandbox.running import Program, begin

_CONFIGURED = {
    "bubblewrap": bubblewrap.configuration,
    "landlock": landlock.configuration,
    "bypassed": bypassed.configuration,
}
_SHELLS = ("/bin/bash", "/bin/sh")


@asynccontextmanager
async def start(
    command: str | Sequence[str],
    confinement: Confinement,
    backend: Backend,
    *,
    takes_input: bool = False,
    joined: bool = True,
) -> AsyncGenerator[Program]:
    """Run a command while the block runs; when it is left, nothing of the command is.

    Args:
        command: a line for the shell, or a program with its arguments.
        confinement: what it may.
        backend: what keeps it to that.
        takes_input: whether it reads what `write` gives; else there is nothing to read.
        joined: whether what it says and what it complains of come as one, in their order.

    Raises:
        Refused: it cannot be confined.
    """
    place = _Place(confinement, backend)
    try:
        await to_the_end(asyncio.to_thread(place.enter))
        async with Proxy(place.socket, confinement.hosts) if confinement.hosts else nullcontext():
            configuration = await asyncio.to_thread(place.configuration, argv(command))
            work = begin(configuration, confinement, takes_input=takes_input, joined=joined)
            async with _running(asyncio.ensure_future(work)) as program:
                yield program
    finally:
        await to_the_end(asyncio.to_thread(place.leave))


async def run(
    command: str | Sequence[str], confinement: Confinement, backend: Backend, most: int
) -> tuple[bytes, Ending]:
    """Run a command to its end.

    Args:
        command: as for `start`.
        confinement: as for `start`.
        backend: as for `start`.
        most: bytes of its output that are kept, from its beginning and its end.
    """
    head, tail = bytearray(), bytearray()
    async with start(command, confinement, backend) as program:
        async for _, some in program.output():
            room = max(0, most // 2 - len(head))
            head += some[:room]
            tail += some[room:]
            del tail[: -(most - most // 2)]
        return bytes(head + tail), await program.ended()


def argv(command: str | Sequence[str]) -> list[str]:
    """The program to run, and its arguments.

    >>> argv("ls | wc")[1:], argv(["ls", "-l"])
    (['-c', '--', 'ls | wc'], ['ls', '-l'])
    """
    if not isinstance(command, str):
        return list(command)
    shell = next(shell for shell in _SHELLS if Path(shell).exists())
    return [shell, "-c", "--", command]


class _Place:
    """Where a command runs: its workspace, protected, and a folder of its own."""

    def __init__(self, confinement: Confinement, backend: Backend) -> None:
        self._confinement = confinement
        self._backend: Backend = backend
        self._workspace = confinement.workspace
        self._covers: list[protecting.Cover] = []
        self._entered = ExitStack()
        self._scratch = Path()

    @property
    def socket(self) -> Path:
        """Where its proxy listens."""
        return self._scratch / "proxy.sock"

    def enter(self) -> None:
        """Make ready; blocks.

        Raises:
            Refused: the workspace is gone, or cannot be protected.
        """
        self._workspace = self._confinement.workspace.resolve()
        if not self._workspace.is_dir():
            raise Refused("The workspace folder is gone.")
        self._scratch = self._entered.enter_context(scratch.folder())
        if self._backend != "bypassed" and not self._confinement.is_read_only:
            self._covers = protecting.enter(self._workspace, self._backend)
            self._entered.callback(protecting.leave, self._workspace)

    def configuration(self, command: list[str]) -> Configuration:
        """What the supervisor shall do; blocks."""
        real = self._confinement.model_copy(update={"workspace": self._workspace})
        socket = self.socket if real.hosts else None
        return _CONFIGURED[self._backend](Wanted(command, real, self._scratch, self._covers, socket))

    def leave(self) -> None:
        """Tidy up what was made ready; blocks."""
        self._entered.close()


@asynccontextmanager
async def _running(beginning: asyncio.Future[Program]) -> AsyncGenerator[Program]:
    try:
        yield await to_the_end(beginning)
    finally:
        if beginning.exception() is None:
            await to_the_end(beginning.result().finish())
