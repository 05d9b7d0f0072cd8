"""Work that a person can interrupt."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Escaped(Exception):
    """A piece of work raised what ends a program, not a piece of work."""


async def contained(work: Coroutine[Any, Any, T]) -> T:
    """Do work that may try to end the whole program.

    Raises:
        Escaped: it did.
    """
    try:
        return await work
    except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:
        raise Escaped(repr(error)) from error


async def unless(interrupted: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Do the work; when interrupted, stop it, wait until it has really stopped, and give None.

    Cancelling the caller stops the work as well, and what the work raises is raised here.

    Raises:
        Escaped: the work tried to end the whole program.
    """
    if interrupted.is_set():
        work.close()
        return None
    task = asyncio.ensure_future(contained(work))
    bell = asyncio.ensure_future(interrupted.wait())
    try:
        await asyncio.wait({task, bell}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        bell.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
    return None if task.cancelled() else task.result()
