import asyncio

import pytest

from agent.core.events import Delta, Noticed
from agent.sessions.stream import bus
from agent.sessions.stream.bus import Bus

DELTA = Delta(kind="text", text="x")


async def test_every_follower_of_a_session_hears_and_nobody_else() -> None:
    news = Bus()
    first, second, other = [await news.subscribe(session_id) for session_id in ("s", "s", "t")]
    news.publish("s", 1, Noticed(code="x"))
    for subscription in (first, second):
        await subscription.news()
        assert [seq for seq, _ in subscription.take()] == [1]
    assert other.take() == []


async def test_news_wait_until_there_are_some() -> None:
    subscription = await Bus().subscribe("s")
    waiting = asyncio.create_task(subscription.news())
    await asyncio.sleep(0)
    assert not waiting.done()
    subscription.hear((None, DELTA))
    await waiting
    subscription.take()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await subscription.news()


async def test_who_owes_too_much_loses_deltas_and_no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "MOST_PENDING", 4)
    subscription = await Bus().subscribe("s")
    for seq in range(1, 4):
        subscription.hear((seq, Noticed(code="x")))
        subscription.hear((None, DELTA))
    assert subscription.behind
    assert [seq for seq, _ in subscription.take() if seq] == [1, 2, 3]


async def test_who_leaves_twice_has_left() -> None:
    news = Bus()
    subscription = await news.subscribe("s")
    await news.leave(subscription)
    await news.leave(subscription)
    news.publish("s", 1, Noticed(code="x"))
    assert subscription.pending == []
