"""What the tests' tools and model did to the world: lines in one file, by whichever program did it."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FILE = "EFFECTS"
"""The environment variable with the file's path."""
LOOK = 0.01
"""Seconds between two looks at a file that another program writes."""
PATIENCE = 30.0


@dataclass(frozen=True)
class Effect:
    """One line."""

    kind: str
    """START, END and STOPPED of a tool; MODEL when a model is asked, HUSHED when it was made to stop."""
    name: str
    pid: int
    at: float
    """Seconds by the machine's monotonic clock, the same for every program."""
    note: str = ""


def tell(kind: str, name: str, note: str = "") -> None:
    """Write a line, whole or not at all."""
    line = f"{kind} {name} {os.getpid()} {time.monotonic():.6f} {note}\n"
    file = os.open(os.environ[FILE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


class Effects:
    """The file, as the test reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def all(self) -> list[Effect]:
        return [_read(line) for line in self.path.read_text().splitlines()]

    def of(self, name: str, *kinds: str) -> list[Effect]:
        """What was done under a name."""
        return [effect for effect in self.all() if effect.name == name and effect.kind in kinds]

    async def first(self, kind: str, name: str) -> Effect:
        """Wait until it is done."""
        return (await self.until(lambda: self.of(name, kind), f"{kind} {name}"))[0]

    async def until(self, found: Callable[[], list[Effect]], wanted: str) -> list[Effect]:
        """Wait until something is there."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not (effects := found()):  # noqa: ASYNC110  another program writes: nothing wakes us
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            raise AssertionError(f"No {wanted} among {self.path.read_text()[-2000:]}") from None
        return effects


def _read(line: str) -> Effect:
    kind, name, pid, at, *note = line.split(" ", 4)
    return Effect(kind, name, int(pid), float(at), *note)
