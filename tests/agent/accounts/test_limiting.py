"""Counting: in memory, in Redis, and in memory again while Redis is away."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from agent.accounts import limiting
from agent.accounts.limiting import MOST_KEYS, Counters, hit
from agent.core.errors import LimitReached
from tests.servers import RedisServer

PATIENCE = 10.0
"""Seconds for a Redis on a busy machine."""


@pytest.fixture
async def counters(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Counters]:
    monkeypatch.setattr(limiting, "REDIS_ANSWERS_WITHIN", PATIENCE)
    made = Counters(request.getfixturevalue("redis_url") if getattr(request, "param", "") == "redis" else "")
    yield made
    await made.close()


BOTH = pytest.mark.parametrize("counters", ["memory", "redis"], indirect=True)


@BOTH
async def test_one_more_than_may_be_is_refused(counters: Counters) -> None:
    for _ in range(5):
        await counters.hit("guesses/ada", "5/minute")
    with pytest.raises(LimitReached) as refused:
        await counters.hit("guesses/ada", "5/minute")
    assert refused.value.code == "too_often"
    assert 1 <= int(str(refused.value.values["seconds"])) <= 60


@BOTH
async def test_others_are_counted_by_themselves(counters: Counters) -> None:
    await counters.hit("guesses/ada", "1/minute")
    await counters.hit("guesses/bob", "1/minute")
    await counters.hit("prompts/ada", "1/minute")
    for key in ("guesses/ada", "guesses/bob", "prompts/ada"):
        with pytest.raises(LimitReached):
            await counters.hit(key, "1/minute")


@BOTH
async def test_what_comes_at_once_is_counted_one_by_one(counters: Counters) -> None:
    asked = [counters.hit("guesses/ada", "5/minute") for _ in range(20)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(answer is None for answer in answers) == 5


@BOTH
async def test_what_is_forgiven_may_be_once_more(counters: Counters) -> None:
    await counters.hit("guesses/ada", "1/minute")
    await counters.forgive("guesses/ada", "1/minute")
    await counters.hit("guesses/ada", "1/minute")
    with pytest.raises(LimitReached):
        await counters.hit("guesses/ada", "1/minute")


async def test_it_may_be_again_when_the_time_is_over(counters: Counters) -> None:
    await counters.hit("guesses/ada", "1/second")
    async with asyncio.timeout(20):
        while True:
            try:
                await counters.hit("guesses/ada", "1/second")
            except LimitReached:
                await asyncio.sleep(0.05)
            else:
                return


async def test_a_flood_of_places_does_not_fill_the_memory(counters: Counters) -> None:
    for number in range(MOST_KEYS + 10):
        await counters.hit(f"strangers/{number}", "60/minute")
    assert len(counters._near.expirations) <= MOST_KEYS


async def test_two_processes_count_together(redis_url: str) -> None:
    one, other = Counters(redis_url), Counters(redis_url)
    await one.hit("guesses/ada", "2/minute")
    await other.hit("guesses/ada", "2/minute")
    for each in (one, other):
        with pytest.raises(LimitReached):
            await each.hit("guesses/ada", "2/minute")
        await each.close()


async def test_while_redis_is_away_each_process_counts(own_redis: RedisServer) -> None:
    counters = Counters(own_redis.address)
    await counters.hit("guesses/ada", "2/minute")
    own_redis.stop()
    for _ in range(2):
        await counters.hit("guesses/ada", "2/minute")
    with pytest.raises(LimitReached):
        await counters.hit("guesses/ada", "2/minute")
    await counters.close()


async def test_the_process_has_one_set_of_counters() -> None:
    await hit("guesses/ada", "1/minute")
    with pytest.raises(LimitReached):
        await hit("guesses/ada", "1/minute")
    await limiting.close()
    await hit("guesses/ada", "1/minute")
    await limiting.close()
