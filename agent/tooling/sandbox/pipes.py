"""Pipes to a command: read when somebody asks and not before, so that who is not read has to wait."""

import asyncio
import os
from collections.abc import Sequence

AT_ONCE = 1 << 16


class Pipe:
    """Our end of a pipe, which never makes us wait."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self.is_open = True
        self.waiting: set[asyncio.Future[None]] = set()

    def close(self) -> None:
        """Let go of it; whoever waits for it finds that it has ended."""
        if not self.is_open:
            return
        self.is_open = False
        if self.waiting:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self.descriptor)
            loop.remove_writer(self.descriptor)
        for each in self.waiting:
            _wake(each)
        os.close(self.descriptor)


class Incoming(Pipe):
    """Our end of a pipe the command writes to."""

    async def read(self) -> bytes:
        """What there is, as soon as there is something; nothing at its end."""
        while True:
            some = self.taken()
            if some is not None:
                return some
            await readable((self,))

    def taken(self) -> bytes | None:
        """What there is at once; None when there is nothing yet."""
        try:
            return os.read(self.descriptor, AT_ONCE) if self.is_open else b""
        except BlockingIOError:
            return None


class Outgoing(Pipe):
    """Our end of a pipe the command reads from."""

    async def write(self, content: bytes) -> None:
        """Write all of it.

        Raises:
            BrokenPipeError: nobody reads any more.
        """
        left = memoryview(content)
        while left:
            if not self.is_open:
                raise BrokenPipeError("the input has ended")
            try:
                left = left[os.write(self.descriptor, left) :]
            except BlockingIOError:
                await _ready((self,), is_writing=True)


async def readable(pipes: Sequence[Incoming]) -> None:
    """Wait until one of them has something to read, or has ended."""
    await _ready(pipes, is_writing=False)


async def _ready(pipes: Sequence[Pipe], *, is_writing: bool) -> None:
    loop = asyncio.get_running_loop()
    add, remove = (
        (loop.add_writer, loop.remove_writer) if is_writing else (loop.add_reader, loop.remove_reader)
    )
    waiting: asyncio.Future[None] = loop.create_future()
    for pipe in pipes:
        pipe.waiting.add(waiting)
        add(pipe.descriptor, _wake, waiting)
    try:
        await waiting
    finally:
        for pipe in pipes:
            pipe.waiting.discard(waiting)
            if pipe.is_open:
                remove(pipe.descriptor)


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
