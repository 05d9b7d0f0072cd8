"""What sessions ask of whatever runs turns durably; another engine is another class with these verbs."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import JsonValue


@dataclass(frozen=True)
class Run:
    """One execution of a turn. What it is about stands in the log; the engine knows these names alone."""

    session_id: str
    turn_id: str
    part: int = 1
    """A turn that was parked goes on as its next part."""

    @property
    def id(self) -> str:
        """Its name in the engine; later ones sort after earlier ones."""
        return f"{self.turn_id}.{self.part}"

    @property
    def next(self) -> "Run":
        """The execution that goes on after this one."""
        return Run(self.session_id, self.turn_id, self.part + 1)


Ended = Literal["finished", "parked"]
Status = Literal["waiting", "running", "finished", "parked", "failed"]
"""`waiting` for a worker to take it; `failed` when it broke in a way nobody caught."""


class Recorder(Protocol):
    """Remembers what the steps of a run gave, so that a later execution of it need not repeat them."""

    async def step(self, name: str, work: Callable[[], Awaitable[JsonValue]]) -> JsonValue:
        """Do the work, or give what it gave when it was done before.

        Raises:
            Exception: the steps done before were others: the code of the turn has changed under it.
        """
        ...

    async def patched(self, name: str) -> bool:
        """Whether this execution knows a change of the turn's code; one that began before it does not."""
        ...


Execute = Callable[[Run, Recorder], Awaitable[Ended]]
"""Runs a turn to its end, or until it is parked."""


class Engine(Protocol):
    """Runs turns so that each comes to its end whatever stops in between."""

    async def submit(self, run: Run) -> None:
        """Run a turn: at once where turns run in this process, else on a worker. Twice is once."""
        ...

    async def approve(self, run: Run) -> None:
        """Go on with a parked turn, whose answer is in the log."""
        ...

    async def cancel(self, run: Run) -> None:
        """Go on with a parked turn whose log says that it shall stop."""
        ...

    async def park(self, run: Run) -> Ended:
        """What an execution gives that waits for a person no longer; nothing of it stays in memory."""
        ...

    async def status(self, run: Run) -> Status | None:
        """How it stands; None when the engine does not know it."""
        ...

    async def list(self) -> Sequence[Run]:
        """What has begun and not ended."""
        ...

    async def fork(self, run: Run) -> None:
        """Go on with a turn whose log was copied from another's."""
        ...
