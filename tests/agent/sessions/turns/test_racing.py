import asyncio

import pytest

from agent.sessions.turns.racing import unless


async def test_work_that_ends_gives_its_result() -> None:
    async def work() -> int:
        return 3

    assert await unless(asyncio.Event(), work()) == 3


async def test_what_work_raises_is_raised() -> None:
    async def work() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await unless(asyncio.Event(), work())


async def test_interrupted_work_has_really_stopped() -> None:
    interrupted = asyncio.Event()
    done: list[str] = []

    async def work() -> str:
        interrupted.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            done.append("cleaned up")
        return "never"

    assert await unless(interrupted, work()) is None
    assert done == ["cleaned up"]


async def test_work_may_still_end_well_when_interrupted() -> None:
    interrupted = asyncio.Event()

    async def work() -> str:
        interrupted.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "what there was"
        return "never"

    assert await unless(interrupted, work()) == "what there was"


async def test_who_is_cancelled_cancels_the_work() -> None:
    stopped = asyncio.Event()
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    task = asyncio.create_task(unless(asyncio.Event(), work()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stopped.is_set()
