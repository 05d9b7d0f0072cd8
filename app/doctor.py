"""What `maestro doctor` looks at, one line each."""

import os
import shutil
from collections.abc import AsyncGenerator
from typing import Literal, NamedTuple

from agent import running
from agent.config import Settings
from agent.core.errors import Unavailable

Mark = Literal["ok", "note", "WRONG"]
"""Whether it works: as it should, without it too, or not."""


class Finding(NamedTuple):
    """What was found about one thing."""

    about: str
    words: str
    mark: Mark = "ok"

    def __str__(self) -> str:
        """A line for a person."""
        return f"{self.mark:5}  {self.about}: {' '.join(self.words.split())}"


async def findings(settings: Settings) -> AsyncGenerator[Finding]:
    """Look at everything Maestro stands on, one after the other; nothing is changed."""
    yield Finding("Settings", f"in order; the data lie in {settings.data_dir}.")
    yield await _database(settings)
    yield await _redis(settings)
    yield _program("ripgrep", "rg", "a slower search of our own does its work")
    yield _program("bubblewrap", "bwrap", "the sandbox is then Landlock's, where that holds")
    async for finding in _sandbox():
        yield finding


async def _database(settings: Settings) -> Finding:
    try:
        shape = await running.database_shape(settings)
    except Unavailable as error:
        return Finding("Database", f"it cannot be opened: {error.values['reason']}.", "WRONG")
    if shape.revision == shape.newest:
        return Finding("Database", f"{shape.address} answers and has the newest shape ({shape.newest}).")
    if shape.revision and shape.revision > shape.newest:
        words = (
            f"{shape.address} was made by a newer Maestro ({shape.revision}); this one knows {shape.newest}."
        )
        return Finding("Database", words, "WRONG")
    has = f"shape {shape.revision}" if shape.revision else "no tables"
    words = f"{shape.address} has {has} and not the newest ({shape.newest}). Run: maestro migrate"
    return Finding("Database", words, "WRONG")


async def _redis(settings: Settings) -> Finding:
    if not settings.redis_url:
        return Finding("Redis", "not set; one process alone needs none.")
    try:
        await running.reach_redis(settings)
    except Unavailable as error:
        words = f"it does not answer ({error.values['reason']}). Is REDIS_URL right, and does Redis run?"
        return Finding("Redis", words, "WRONG")
    return Finding("Redis", "answers.")


def _program(name: str, program: str, otherwise: str) -> Finding:
    found = shutil.which(program)
    return Finding(name, f"{found}.") if found else Finding(name, f"not installed; {otherwise}.", "note")


async def _sandbox() -> AsyncGenerator[Finding]:
    if os.geteuid() == 0:
        yield Finding(
            "Sandbox", "Maestro runs as root: commands are refused. Run it as another user.", "WRONG"
        )
        return
    choice = await running.sandbox_choice()
    if choice.backend:
        yield Finding("Sandbox", f"{choice.backend} confines commands; no attempt to break out succeeded.")
    else:
        yield Finding("Sandbox", "none works here, so commands are refused.", "WRONG")
    for backend, faults in choice.report.items():
        if faults:
            yield Finding(f"Sandbox {backend}", f"did not hold: {'; '.join(faults)}.", "note")
