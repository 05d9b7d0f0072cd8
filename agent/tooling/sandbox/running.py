"""A command that runs: what it writes, what it is told, and its end."""

import asyncio
import json
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import Any, Literal, NamedTuple

from agent.tooling import processes
from agent.tooling.sandbox import pipes
from agent.tooling.sandbox.backends import Configuration
from agent.tooling.sandbox.confinement import Backend, Confinement, Ending, Refused
from agent.tooling.sandbox.pipes import Incoming, Outgoing
from agent.tooling.sandbox.spawner import spawner

Channel = Literal["out", "error"]

_PATIENCE = 15.0
"""Seconds a supervisor may take to end a tree."""
_OUTPUT = b"o"


class Program:
    """A command that runs; made by `start`."""

    def __init__(self, confinement: Confinement, backend: Backend, ends: "Ends") -> None:
        self._confinement = confinement
        self._backend: Backend = backend
        self._ends = ends
        self._began = time.monotonic()
        self._produced = 0
        self._has_to_end = False
        self._ending = asyncio.create_task(self._end())

    async def output(self) -> AsyncGenerator[tuple[Channel, bytes]]:
        """What it writes, as it comes, until it has ended; who writes more than its limit is ended."""
        async for channel, some in _merged(self._ends.outputs):
            self._produced += len(some)
            if self._produced > self._confinement.limits.output_kill:
                self._cut(_OUTPUT)
            yield channel, some

    async def write(self, content: bytes) -> None:
        """Give it something to read.

        Raises:
            BrokenPipeError: it does not read any more, or was started without.
        """
        if self._ends.input is None:
            raise BrokenPipeError("it takes no input")
        await self._ends.input.write(content)

    def end_input(self) -> None:
        """Tell it that nothing more comes."""
        if self._ends.input:
            self._ends.input.close()

    def stop(self) -> None:
        """Begin to end it, and all it has become."""
        self._cut()

    async def ended(self) -> Ending:
        """How it ended, once nothing of it is left."""
        ending = await asyncio.shield(self._ending)
        return ending.model_copy(update={"produced": self._produced})

    async def finish(self) -> None:
        """End it, wait until nothing of it is left, and let go of its pipes."""
        self.stop()
        try:
            await self._ending
        finally:
            self._ends.close()

    async def _end(self) -> Ending:
        told = await self._told()
        self._cut()
        if not told:
            await self._stop_session()
            told = {"reason": "broken", "complaint": "its supervisor is gone"}
        known = {"seconds": time.monotonic() - self._began, "backend": self._backend}
        return Ending.model_validate({**told, **known})

    async def _told(self) -> dict[str, Any]:
        """What the supervisor says; nothing when it was killed."""
        said = self._ends.begun
        while some := await self._ends.status.read():
            said += some
        with suppress(ValueError):
            return json.loads(said)
        return {}

    async def _stop_session(self) -> None:
        """End what a supervisor watched that was killed itself."""
        if self._confinement.session_id:
            await processes.stop(self._confinement.session_id)

    def _cut(self, why: bytes = b"") -> None:
        """End the lifeline."""
        if self._has_to_end:
            return
        self._has_to_end = True
        if why:
            with suppress(BrokenPipeError):
                os.write(self._ends.lifeline, why)
        os.close(self._ends.lifeline)


class Ends(NamedTuple):
    """Our ends of a program's pipes."""

    lifeline: int
    status: Incoming
    input: Outgoing | None
    outputs: dict[Channel, Incoming]
    begun: bytes = b""
    """The first the supervisor said."""

    def close(self) -> None:
        """Let go of all but the lifeline."""
        for pipe in (self.status, self.input, *self.outputs.values()):
            if pipe:
                pipe.close()


async def begin(
    configuration: Configuration, confinement: Confinement, *, takes_input: bool, joined: bool
) -> Program:
    """Have a supervisor run what is configured."""
    ends = await _asked(configuration, takes_input=takes_input, joined=joined)
    # A spawner that was just killed may have taken a request with it.
    ends = ends or await _asked(configuration, takes_input=takes_input, joined=joined)
    if ends is None:
        raise Refused("The command could not be started: what starts commands was killed.")
    return Program(confinement, configuration["backend"], ends)


async def _asked(configuration: Configuration, *, takes_input: bool, joined: bool) -> Ends | None:
    """Our ends of a program whose supervisor has begun; None when it never did."""
    given, ends = _channels(configuration, takes_input=takes_input, joined=joined)
    begun = b""
    try:
        await _handed_over(given)
        begun = await ends.status.read()
    finally:
        if not begun:
            os.close(ends.lifeline)
            ends.close()
    return ends._replace(begun=begun) if begun else None


async def _handed_over(given: list[int]) -> None:
    try:
        await spawner.request(given)
    finally:
        for descriptor in dict.fromkeys(given):
            os.close(descriptor)


def _channels(configuration: Configuration, *, takes_input: bool, joined: bool) -> tuple[list[int], Ends]:
    """The supervisor's descriptors, as `inside.supervisor.Channels` names them, and our ends."""
    lifeline, ours = os.pipe()
    status, told = os.pipe()
    reading, writing = os.pipe() if takes_input else (os.open(os.devnull, os.O_RDONLY), -1)
    out, written = os.pipe()
    outputs: dict[Channel, Incoming] = {"out": Incoming(out)}
    error = written
    if not joined:
        errors, error = os.pipe()
        outputs["error"] = Incoming(errors)
    given = [_file(configuration), lifeline, told, reading, written, error]
    return given, Ends(ours, Incoming(status), Outgoing(writing) if takes_input else None, outputs)


def _file(configuration: Configuration) -> int:
    descriptor = os.memfd_create("configuration", os.MFD_CLOEXEC)
    with os.fdopen(os.dup(descriptor), "wb") as written:
        written.write(json.dumps(configuration).encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


async def _merged(sources: dict[Channel, Incoming]) -> AsyncIterator[tuple[Channel, bytes]]:
    waiting = dict(sources)
    while waiting:
        got_something = False
        for channel, source in list(waiting.items()):
            some = source.taken()
            if some == b"":
                del waiting[channel]
            elif some:
                yield channel, some
            got_something |= some is not None
        if got_something:
            await asyncio.sleep(0)  # or a command that never pauses would let nobody else work
        else:
            await pipes.readable(tuple(waiting.values()))
