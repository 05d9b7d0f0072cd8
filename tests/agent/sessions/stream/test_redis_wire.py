"""Two processes, as two buses with a wire each, and a Redis that may go."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import redis.asyncio
from structlog.testing import capture_logs

from agent.core.errors import Unavailable
from agent.core.events import Delta, Noticed
from agent.sessions.stream import redis_wire
from agent.sessions.stream.bus import Bus, Heard, Subscription
from agent.sessions.stream.frames import channel_of, entries_in
from agent.sessions.stream.redis_wire import MOST_WAITING, RedisWire
from tests.servers import RedisServer, free_port

Connect = Callable[[str], Awaitable[tuple[Bus, RedisWire]]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Buses with wires, closed at the end."""
    wires: list[RedisWire] = []

    async def connect(url: str) -> tuple[Bus, RedisWire]:
        bus = Bus()
        bus.wire = wire = RedisWire(url, bus)
        await wire.open()
        wires.append(wire)
        return bus, wire

    yield connect
    for wire in wires:
        await wire.close()


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        yield client


def delta(index: int) -> Heard:
    return None, Delta(kind="text", text="x", turn_id="t", index=index)


async def hear(subscription: Subscription, count: int) -> list[Heard]:
    """What a follower hears until it has heard so much."""
    heard: list[Heard] = []
    while len(heard) < count:
        await subscription.news()
        heard += subscription.take()
    return heard


async def missed(subscription: Subscription) -> None:
    """Wait until a follower is told that something is lost."""
    while not subscription.behind:
        await subscription.news()
        subscription.take()
    subscription.behind = False


async def listeners(client: redis.asyncio.Redis, session_id: str) -> int:
    [(_, count)] = await client.pubsub_numsub(channel_of(session_id))
    return count


async def test_what_happens_in_one_process_is_heard_in_the_other_in_order_and_once(
    connect: Connect, redis_url: str, rng: random.Random
) -> None:
    (here, _), (there, _) = await connect(redis_url), await connect(redis_url)
    sessions = [f"s{number}" for number in range(5)]
    followers = [await there.subscribe(session_id) for session_id in sessions]
    told: list[Heard] = [
        (index, Noticed(code=f"n{index}")) if rng.random() < 0.2 else delta(index) for index in range(400)
    ]
    for heard in told:
        for session_id in sessions:
            here.publish(session_id, *heard)
        if rng.random() < 0.1:
            await asyncio.sleep(rng.random() / 50)
    for follower in followers:
        assert await hear(follower, len(told)) == told


async def test_ones_own_are_heard_once_and_not_again_from_the_wire(connect: Connect, redis_url: str) -> None:
    (here, _), (there, _) = await connect(redis_url), await connect(redis_url)
    own, other = await here.subscribe("s"), await there.subscribe("s")
    here.publish("s", *delta(0))
    await hear(other, 1)
    there.publish("s", *delta(1))  # reaches us after our own would have come back
    assert await hear(own, 2) == [delta(0), delta(1)]


async def test_who_wishes_for_a_snapshot_is_heard_by_the_others(connect: Connect, redis_url: str) -> None:
    (here, _), (there, _) = await connect(redis_url), await connect(redis_url)
    wished: asyncio.Queue[str] = asyncio.Queue()
    here.answer_wanted = pytest.fail
    there.answer_wanted = wished.put_nowait
    own, _ = await here.subscribe("s"), await there.subscribe("s")
    here.want("s")
    assert await wished.get() == "s"
    there.publish("s", *delta(0))
    await hear(own, 1)


async def test_who_does_not_listen_hears_nothing(connect: Connect, redis_url: str) -> None:
    (here, _), (there, wire) = await connect(redis_url), await connect(redis_url)
    assert channel_of("deaf") != channel_of("s")
    there.wire = None
    deaf = await there.subscribe("deaf")
    there.wire = wire
    follower = await there.subscribe("s")
    here.publish("deaf", *delta(0))
    here.publish("s", *delta(1))
    await hear(follower, 1)
    assert not deaf.take()


async def test_a_channel_is_left_with_its_last_listener(
    connect: Connect, redis_url: str, client: redis.asyncio.Redis
) -> None:
    bus, wire = await connect(redis_url)
    first, last = await bus.subscribe("s"), await bus.subscribe("s")
    for follower, left in ((first, 1), (last, 0)):
        settled = wire._settled
        await bus.leave(follower)
        await settled.wait()
        assert await listeners(client, "s") == left


async def test_who_gives_up_listening_is_not_counted(
    connect: Connect, redis_url: str, client: redis.asyncio.Redis
) -> None:
    _, wire = await connect(redis_url)
    listening = asyncio.create_task(wire.listen("s"))
    await asyncio.sleep(0)
    listening.cancel()
    await asyncio.wait({listening})
    await wire.listen("t")
    assert listening.cancelled()
    assert (await listeners(client, "s"), await listeners(client, "t")) == (0, 1)


async def test_nothing_is_missed_from_the_moment_one_listens_however_others_come_and_go(
    connect: Connect, redis_url: str, client: redis.asyncio.Redis, rng: random.Random
) -> None:
    (here, _), (there, wire) = await connect(redis_url), await connect(redis_url)

    async def follow(number: int) -> None:
        for _ in range(20):
            await asyncio.sleep(rng.random() / 100)
            follower = await there.subscribe("s")
            here.publish("s", number, Noticed(code="x"))
            while number not in [seq for seq, _ in await hear(follower, 1)]:
                pass
            await there.leave(follower)

    async with asyncio.TaskGroup() as group:
        for number in range(4):
            group.create_task(follow(number))
    await wire.listen("t")
    assert await listeners(client, "s") == 0


async def test_the_first_word_leaves_at_once_and_what_follows_closely_travels_together(
    connect: Connect, redis_url: str, client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_wire, "FRAME_EVERY", 0.5)
    bus, _ = await connect(redis_url)
    async with client.pubsub() as listening:
        await listening.subscribe(channel_of("s"))
        assert (await listening.get_message(timeout=None))["type"] == "subscribe"
        bus.publish("s", *delta(0))
        first = await listening.get_message(timeout=None)
        for index in range(1, 6):
            bus.publish("s", *delta(index))
            await asyncio.sleep(0.005)
        second = await listening.get_message(timeout=None)
    assert [entry[2] for entry in entries_in(first["data"])] == [delta(0)[1]]
    assert [entry[2] for entry in entries_in(second["data"])] == [delta(index)[1] for index in range(1, 6)]


async def test_who_comes_while_the_channel_is_being_left_waits_until_it_is_heard_again(
    connect: Connect, own_redis: RedisServer
) -> None:
    bus, wire = await connect(own_redis.address)
    follower = await bus.subscribe("s")
    with own_redis.paused():
        await bus.leave(follower)
        await asyncio.sleep(0.05)  # it has asked, and waits for the answer
        assert not wire._subscribed
        listening = asyncio.create_task(wire.listen("s"))
        done, _ = await asyncio.wait({listening}, timeout=0.1)
        assert not done
    await listening
    async with redis.asyncio.Redis.from_url(own_redis.address) as client:
        assert await listeners(client, "s") == 1


async def test_that_redis_is_away_is_said_once_however_long(
    connect: Connect, own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_wire, "LONGEST_PAUSE", 0.15)
    bus, wire = await connect(own_redis.address)
    follower = await bus.subscribe("s")
    with capture_logs() as logs:
        own_redis.stop()
        for _ in range(4):  # each attempt
            await wire._settled.wait()
        await asyncio.to_thread(own_redis.start)
        await missed(follower)
    assert [line["event"] for line in logs] == ["redis_lost", "redis_back"]


async def test_after_redis_was_away_followers_know_and_things_flow_again(
    connect: Connect, own_redis: RedisServer
) -> None:
    (here, wire), (there, _) = await connect(own_redis.address), await connect(own_redis.address)
    own, follower = await here.subscribe("s"), await there.subscribe("s")
    with capture_logs() as logs:
        for _ in range(3):
            settled = wire._settled
            own_redis.stop()
            await settled.wait()
            for index in range(1_000):
                here.publish("s", *delta(index))
                await asyncio.sleep(0)
            await asyncio.to_thread(own_redis.start)
            await missed(follower)
            await missed(own)
            there.publish("s", 7, Noticed(code="back"))
            while (await hear(own, 1))[-1][0] != 7:
                pass
            here.publish("s", 8, Noticed(code="back"))
            while (await hear(follower, 1))[-1][0] != 8:
                pass
    assert sorted(line["event"] for line in logs) == ["redis_back"] * 6 + ["redis_lost"] * 6


async def test_who_was_idle_while_redis_was_away_loses_nothing_afterwards(
    connect: Connect, own_redis: RedisServer
) -> None:
    (here, _), (there, _) = await connect(own_redis.address), await connect(own_redis.address)
    own, follower = await here.subscribe("s"), await there.subscribe("s")
    own_redis.stop()
    await asyncio.to_thread(own_redis.start)
    await missed(own)
    await missed(follower)
    here.publish("s", *delta(0))
    assert await hear(follower, 1) == [delta(0)]


async def test_what_waits_while_redis_is_away_is_bounded_and_the_newest_is_kept(
    connect: Connect, own_redis: RedisServer
) -> None:
    (here, wire), (there, _) = await connect(own_redis.address), await connect(own_redis.address)
    follower = await there.subscribe("s")
    settled = wire._settled
    own_redis.stop()
    await settled.wait()
    for index in range(3 * MOST_WAITING):
        here.publish("s", *delta(index))
    assert len(wire._outgoing) == MOST_WAITING
    assert wire._outgoing[-1][2] == delta(3 * MOST_WAITING - 1)[1]
    await asyncio.to_thread(own_redis.start)
    await missed(follower)


async def test_who_begins_to_listen_while_redis_is_away_hears_when_it_is_back(
    connect: Connect, own_redis: RedisServer
) -> None:
    (here, _), (there, wire) = await connect(own_redis.address), await connect(own_redis.address)
    settled = wire._settled
    own_redis.stop()
    await settled.wait()
    async with asyncio.timeout(1):
        follower = await there.subscribe("s")
    own = await here.subscribe("s")
    await asyncio.to_thread(own_redis.start)
    await missed(follower)
    await missed(own)
    here.publish("s", *delta(0))
    assert await hear(follower, 1) == [delta(0)]


async def test_a_redis_that_hangs_holds_nobody_up(
    connect: Connect, own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_wire, "ANSWER_WITHIN", 0.3)
    (here, wire), (there, _) = await connect(own_redis.address), await connect(own_redis.address)
    own, follower = await here.subscribe("s"), await there.subscribe("s")
    with own_redis.paused():
        async with asyncio.timeout(5):
            here.publish("s", *delta(0))
            await there.subscribe("t")
            await here.subscribe("t")
        for index in range(2 * MOST_WAITING):
            here.publish("s", *delta(index))
        assert len(wire._outgoing) == MOST_WAITING
    await missed(follower)
    await missed(own)
    here.publish("s", 8, Noticed(code="back"))
    while (await hear(follower, 1))[-1][0] != 8:
        pass


async def test_a_redis_that_hangs_is_noticed_without_a_word_being_sent(
    connect: Connect, own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_wire, "QUIET", 0.05)
    bus, wire = await connect(own_redis.address)
    follower = await bus.subscribe("s")
    settled = wire._settled
    await asyncio.sleep(4 * redis_wire.QUIET)  # it answers when asked, so that nothing happens
    assert not settled.is_set()
    with own_redis.paused():
        await settled.wait()
    await missed(follower)


async def test_nonsense_is_logged_once_and_survived(
    connect: Connect, redis_url: str, client: redis.asyncio.Redis
) -> None:
    (here, _), (there, _) = await connect(redis_url), await connect(redis_url)
    follower = await there.subscribe("s")
    with capture_logs() as logs:
        for nonsense in (b"\xff", b"", b"[]", b'["x",[["s",1,{"type":"Nonsense"}]]]', b"[" * 10_000):
            await client.publish(channel_of("s"), nonsense)
        here.publish("s", *delta(0))
        assert await hear(follower, 1) == [delta(0)]
    assert [line["event"] for line in logs] == ["redis_frame_unreadable"]


async def test_without_redis_the_wire_does_not_open() -> None:
    for url in (f"redis://127.0.0.1:{free_port()}", "nonsense://127.0.0.1"):
        wire = RedisWire(url, Bus())
        with pytest.raises(Unavailable) as raised:
            await wire.open()
        assert raised.value.code == "redis"
        assert raised.value.values["reason"]
        await wire.close()


async def test_at_a_redis_that_hangs_the_wire_does_not_open(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_wire, "ANSWER_WITHIN", 0.2)
    with own_redis.paused(), pytest.raises(Unavailable):
        await RedisWire(own_redis.address, Bus()).open()


async def test_who_may_not_publish_is_told_at_once(own_redis: RedisServer) -> None:
    async with redis.asyncio.Redis.from_url(own_redis.address) as client:
        await client.acl_setuser("reader", enabled=True, passwords="+x", commands=["+subscribe"])
    with pytest.raises(Unavailable, match="redis"):
        await RedisWire(own_redis.address.replace("//", "//reader:x@"), Bus()).open()


async def test_a_wire_closes_while_redis_goes(own_redis: RedisServer, rng: random.Random) -> None:
    for _ in range(10):
        wires = [RedisWire(own_redis.address, Bus()) for _ in range(5)]
        for wire in wires:
            await wire.open()
            await wire.listen("s")
        own_redis.stop()
        async with asyncio.timeout(5):
            for wire in wires:
                await asyncio.sleep(rng.random() / 10_000)
                await wire.close()
        await asyncio.to_thread(own_redis.start)


async def test_a_closed_wire_has_ended_what_it_began(redis_url: str) -> None:
    before = asyncio.all_tasks()
    bus = Bus()
    bus.wire = wire = RedisWire(redis_url, bus)
    await wire.open()
    listening = asyncio.create_task(wire.listen("s"))
    await asyncio.sleep(0)
    await wire.close()
    await listening
    assert asyncio.all_tasks() == before
    bus.publish("s", *delta(0))
    await wire.listen("t")
