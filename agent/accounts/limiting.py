"""How often something may be asked, counted in memory, or in Redis where several processes share the work."""

import ipaddress
import math
import time
from contextlib import suppress
from typing import Any, cast

import structlog
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from agent.config import settings
from agent.core.errors import LimitReached

MOST_KEYS = 5000
"""Counters in memory; with more of them all begin anew, as a flood of addresses must not fill it."""
REDIS_ANSWERS_WITHIN = 0.5
REDIS_RESTS = 5.0
"""Seconds a Redis that did not answer is left alone."""

logger = structlog.get_logger()


class Counters:
    """Who asked how often for what; without Redis, or while it is away, each process counts by itself."""

    def __init__(self, redis_url: str = "") -> None:
        self._near = MemoryStorage()
        self._in_memory = FixedWindowRateLimiter(self._near)
        self._redis = _redis(redis_url) if redis_url else None
        self._in_redis = self._redis and FixedWindowRateLimiter(self._redis)
        self._rests_until = 0.0

    async def hit(self, key: str, rate: str) -> None:
        """Count once more.

        Raises:
            LimitReached: it is too often.
        """
        item = parse(rate)
        for counts in await self._in_order():
            try:
                if await counts.hit(item, key):
                    return
                seconds = (await counts.get_window_stats(item, key)).reset_time - time.time()
            except StorageError as error:
                self._rests_until = time.monotonic() + REDIS_RESTS
                logger.warning("limits are counted in this process alone", reason=str(error.storage_error))
                continue
            raise LimitReached("too_often", seconds=max(1, math.ceil(seconds)))

    async def forgive(self, key: str, rate: str) -> None:
        """Count once less."""
        item = parse(rate)
        with suppress(StorageError):
            storage = (await self._in_order())[0].storage
            await storage.incr(item.key_for(key), item.get_expiry(), amount=-1)

    async def close(self) -> None:
        """Forget everything, and leave Redis."""
        await self._near.reset()
        if self._redis is not None:
            await self._redis.bridge.storage.aclose()

    async def _in_order(self) -> list[FixedWindowRateLimiter]:
        """Where to count: the next of them only when one fails."""
        if len(self._near.expirations) >= MOST_KEYS:
            await self._near.reset()
        if self._in_redis is None or time.monotonic() < self._rests_until:
            return [self._in_memory]
        return [self._in_redis, self._in_memory]


def network(place: str) -> str:
    """What an address counts as: in IPv6 a household has a whole network of them.

    >>> network("192.0.2.7"), network("2001:db8:1:2:3::4"), network("::ffff:192.0.2.7"), network("nowhere")
    ('192.0.2.7', '2001:db8:1:2::/64', '192.0.2.7', 'nowhere')
    """
    try:
        address = ipaddress.ip_address(place.partition("%")[0])
    except ValueError:
        return place
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


_counters: list[Counters] = []
"""Those of this process, from the first count on."""


async def hit(key: str, rate: str) -> None:
    """Count once more what somebody does.

    Args:
        key: what is counted and whose, such as `sign_ins/192.0.2.7`.
        rate: how often it may be, such as `20/hour`.

    Raises:
        LimitReached: it is too often; its `seconds` say when it may be again.
    """
    await _counting().hit(key, rate)


async def forgive(key: str, rate: str) -> None:
    """Count once less: what was counted before it was looked at turned out to be none of what is limited."""
    await _counting().forgive(key, rate)


async def close() -> None:
    """Forget what was counted."""
    while _counters:
        await _counters.pop().close()


def _counting() -> Counters:
    if not _counters:
        _counters.append(Counters(settings().redis_url))
    return _counters[-1]


def _redis(url: str) -> Any:
    from limits.aio.storage import RedisStorage  # noqa: PLC0415  one process alone needs none
    from redis.asyncio.retry import Retry  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415

    patience: dict[str, Any] = {
        "socket_timeout": REDIS_ANSWERS_WITHIN,
        "socket_connect_timeout": REDIS_ANSWERS_WITHIN,
        "retry": Retry(NoBackoff(), 0),
    }
    storage = cast("Any", RedisStorage)
    return storage(f"async+{url}", wrap_exceptions=True, implementation="redispy", **patience)
