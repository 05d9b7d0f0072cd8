"""Which backend confines commands on this machine: the first that was tried and held."""

import asyncio
from collections.abc import Callable

from agent.core.messages import Value
from agent.tooling.sandbox.backends import bubblewrap, landlock
from agent.tooling.sandbox.confinement import Backend
from agent.tooling.sandbox.probing import probe

_CANDIDATES: dict[Backend, Callable[[], str]] = {
    "bubblewrap": bubblewrap.missing,
    "landlock": landlock.missing,
}


class Choice(Value):
    """What the probe found."""

    backend: Backend | None
    """None when no sandbox works here."""
    report: dict[str, tuple[str, ...]]
    """By backend that was tried, what is wrong with it."""


class Chooser:
    """Probes once; who asks meanwhile waits for the same answer."""

    def __init__(self) -> None:
        self.found: Choice | None = None
        """What the probe found; None before it is over."""
        self._probing: asyncio.Task[Choice] | None = None

    async def choice(self) -> Choice:
        """What the probe of this process found."""
        if self.found:
            return self.found
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(_choose())
        found = await asyncio.shield(self._probing)
        self.found = found
        return found


async def _choose() -> Choice:
    report: dict[str, tuple[str, ...]] = {}
    for backend, missing in _CANDIDATES.items():
        why = await asyncio.to_thread(missing)
        report[backend] = (why,) if why else await probe(backend)
        if not report[backend]:
            return Choice(backend=backend, report=report)
    return Choice(backend=None, report=report)


chooser = Chooser()
"""The one of this app."""
