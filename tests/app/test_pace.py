import asyncio
import time

import pytest

from app.pace import EVERY, PATIENCE, UNDRAWN, Pace, begun, pace_of
from tests.app.serving import Server
from tests.app.tabs import CHAT, STATE, opened

DRAWN = f"{STATE}.app___pace____pace_state.drawn"


def flushed(pace: Pace, times: int) -> int:
    return [pace.count() for _ in range(times)][-1]


def test_every_few_flushes_carry_a_new_mark() -> None:
    assert [Pace().count()] == [0]
    assert flushed(Pace(), EVERY * 3) == 3


async def test_a_tab_that_has_drawn_its_marks_is_not_waited_for() -> None:
    pace = Pace()
    pace.draw(flushed(pace, EVERY * UNDRAWN))
    async with asyncio.timeout(PATIENCE / 2):
        await pace.room()


async def test_a_slow_tab_is_waited_for_until_it_has_drawn() -> None:
    pace = Pace()
    flushed(pace, EVERY * UNDRAWN)
    waiting = asyncio.ensure_future(pace.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    pace.draw(1)
    async with asyncio.timeout(PATIENCE / 2):
        await waiting


async def test_a_hidden_tab_is_not_waited_for_for_ever() -> None:
    pace = Pace()
    flushed(pace, EVERY * UNDRAWN)
    began = time.monotonic()
    await pace.room()
    assert PATIENCE * 0.9 < time.monotonic() - began < PATIENCE * 8
    await pace.room()


async def test_a_wanted_mark_comes_with_the_next_flush_and_is_waited_for() -> None:
    pace = Pace()
    pace.want()
    assert pace.count() == 1
    waiting = asyncio.ensure_future(pace.drawn())
    await asyncio.sleep(0)
    assert not waiting.done()
    pace.draw(1)
    await waiting
    assert flushed(pace, EVERY - 1) == 1


async def test_what_can_be_done_later_waits_until_a_tab_has_begun() -> None:
    await begun("nobody's")
    pace = pace_of("opening")
    waiting = asyncio.ensure_future(begun("opening"))
    await asyncio.sleep(0)
    assert not waiting.done()
    pace.begun.set()
    await waiting


@pytest.mark.parametrize("mark", [10**9, -1])
async def test_a_wrong_mark_lets_nobody_run_ahead(mark: int) -> None:
    pace = Pace()
    pace.draw(mark)
    flushed(pace, EVERY * UNDRAWN)
    waiting = asyncio.ensure_future(pace.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    pace.draw(UNDRAWN)
    await waiting


def test_a_tabs_newest_follower_has_its_pace() -> None:
    assert pace_of("tab") is not pace_of("tab")


async def test_a_tab_without_a_follower_may_say_what_it_likes(server: Server) -> None:
    async with opened(server) as tab:
        for mark in (1, -1, True):
            await tab.send(DRAWN, {"mark": mark})
        await tab.send(f"{CHAT}.choose_mode", {"mode": "plan"})
        await tab.until(lambda: tab.of(CHAT, "mode") == "plan")
