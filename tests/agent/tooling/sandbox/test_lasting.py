"""Waiting that is not cut short."""

import asyncio

import pytest

from agent.tooling.sandbox.lasting import to_the_end


async def test_the_result_comes_back() -> None:
    assert await to_the_end(asyncio.sleep(0, "done")) == "done"


async def test_what_is_waited_for_is_done_before_we_are_cancelled() -> None:
    go, done = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await go.wait()
        done.set()

    waiting = asyncio.create_task(to_the_end(work()))
    await asyncio.sleep(0)
    for _ in range(3):
        waiting.cancel()
        await asyncio.sleep(0)
    assert not waiting.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert done.is_set()


async def test_a_failure_is_passed_on() -> None:
    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await to_the_end(fail())
