"""What a tool may start for a session: command lines in its sandbox, waited for or beside the work."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from agent.core.errors import LimitReached, NotFound, ToolFailed
from agent.core.identity import Session
from agent.tooling import background
from agent.tooling._screen import Screen
from agent.tooling.background import Job
from agent.tooling.sandbox import Confinement, Ending, Program, start

QUIET = 300.0
"""Seconds without output after which a command is stopped."""
TELL_EVERY = 0.05
"""Seconds between two pieces of output that followers are told."""
MOST_TOLD = 4000
"""Characters of a piece; of more its end."""

_BY_SIGNAL = 128
"""Added by a shell to the number of the signal that ended a program. Source: POSIX, 2.8.2 Exit Status."""

SAYS = {
    "quiet": f"Stopped: it wrote nothing for {QUIET:.0f} seconds. Run what takes longer as a background job.",
    "wall": "Stopped: it ran too long.",
    "cpu": "Stopped: it used too much processor time.",
    "memory": "Stopped: it used too much memory.",
    "tasks": "Stopped: it started too many processes.",
    "disk": "Stopped: it filled the workspace.",
    "output": "Stopped: it wrote too much.",
    "stopped": "Stopped.",
}
"""Why a program was stopped, in the model's words."""


class Programs:
    """Starts the programs of one session."""

    def __init__(self, session: Session, confinement: Confinement, say: Callable[[str], None]) -> None:
        self._session = session
        self._confinement = confinement
        self._say = say
        """Takes what a program writes, while it runs."""

    async def run(self, line: str) -> str:
        """Run a command line to its end; gives what it wrote, and how it ended when that is worth a word.

        Raises:
            ToolFailed: nothing may run here, or the command was not even begun.
        """
        screen, told = Screen(), _Told(self._say)
        async with start(line, self._confinement) as program:
            is_quiet = await _read(program, screen, told)
            if is_quiet:
                program.stop()
            ending = await program.ended()
        if ending.reason == "broken":
            raise ToolFailed(f"The command could not be started: {ending.complaint}")
        said = _said("quiet" if is_quiet else ending.reason, ending)
        return "\n\n".join(filter(None, [screen.text.rstrip("\n"), said]))

    async def begin(self, line: str) -> Job:
        """Run a command line beside the work.

        Raises:
            ToolFailed: nothing may run here, or too many run already.
        """
        try:
            return await background.begin(self._session.id, line, self._confinement)
        except LimitReached:
            raise ToolFailed(f"{background.MOST_RUNNING} jobs run already; stop one first.") from None

    async def jobs(self) -> list[Job]:
        """What runs beside the work, or did; the newest first."""
        return await background.listed(self._session.id)

    async def stop(self, number: int) -> Job:
        """Stop a job.

        Raises:
            ToolFailed: there is none of this number.
        """
        try:
            return await background.stop(self._session.id, number)
        except NotFound:
            raise ToolFailed(f"There is no job {number}.") from None


def confined(session: Session, *, is_bypassed: bool, hosts: tuple[str, ...] = ()) -> Confinement:
    """Where the programs of a session run: in plan mode they cannot change its workspace."""
    return Confinement(
        workspace=Path(session.workspace),
        is_read_only=session.mode == "plan",
        hosts=hosts,
        is_bypassed=is_bypassed,
        session_id=session.id,
    )


class _Told:
    """Lets followers hear output in pieces that are neither many nor long."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._waiting = ""
        self._last = 0.0

    def add(self, text: str) -> None:
        self._waiting += text
        if time.monotonic() - self._last >= TELL_EVERY:
            self.flush()

    def flush(self) -> None:
        if self._waiting:
            self._say(self._waiting[-MOST_TOLD:])
            self._waiting, self._last = "", time.monotonic()


async def _read(program: Program, screen: Screen, told: _Told) -> bool:
    """Read what a program writes until it ends; gives whether it had nothing to say for too long."""
    output = program.output()
    while True:
        reading = asyncio.ensure_future(anext(output, None))
        done, _ = await asyncio.wait({reading}, timeout=TELL_EVERY)
        if not done:
            told.flush()
            done, _ = await asyncio.wait({reading}, timeout=QUIET)
        if not done:
            reading.cancel()
            await asyncio.wait({reading})
            return True
        piece = reading.result()
        if piece is None:
            told.flush()
            return False
        told.add(screen.add(piece[1]))


def _said(reason: str, ending: Ending) -> str:
    """How a program ended, in the model's words; nothing when all went well."""
    if reason != "exit":
        return f"[{SAYS.get(reason, reason)}]"
    code = ending.exit_code or 0
    signal = ending.signal or (code - _BY_SIGNAL if code > _BY_SIGNAL else 0)
    if signal:
        return f"[Ended by signal {signal} after {ending.seconds:.1f} s.]"
    return f"[Exit code {code} after {ending.seconds:.1f} s.]" if code else ""
