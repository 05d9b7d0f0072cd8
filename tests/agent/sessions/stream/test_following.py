"""A follower loses nothing and hears nothing twice, whenever it joins."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from agent import sessions
from agent.core.commands import Interrupt
from agent.core.events import Delta, Event, Live, Noticed, Snapshot, StepFinished, TurnFinished
from agent.core.identity import Session, User
from agent.core.messages import Text, ToolCall
from agent.core.provider import Request
from agent.core.transcript import Transcript, fold
from agent.sessions import log
from agent.sessions.stream import bus
from agent.sessions.stream.bus import Heard
from agent.sessions.turns.registry import live
from tests.agent.sessions.puppet import Puppet, Said, step
from tests.agent.sessions.talk import events, heard_until, next_of, say, sqlite_only, turn


def durable(heard: list[Heard]) -> list[tuple[int, Event | Live]]:
    return [(seq, event) for seq, event in heard if seq is not None]


async def happens(session: Session, event: Event) -> None:
    """Store an event and tell the followers, as whoever works on the session does."""
    seq, stored, _ = await log.append(session.id, event)
    bus.bus.publish(session.id, seq, stored)


async def test_a_follower_from_any_number_hears_the_rest(owner: User, session: Session) -> None:
    await turn(owner, session, "list files")
    whole = await log.read(session.id)
    for after in range(len(whole)):
        async with await sessions.follow(owner, session.id, after) as following:
            heard = await heard_until(following, lambda event: isinstance(event, TurnFinished))
        assert durable(heard) == whole[after:]


async def test_followers_who_join_while_others_append_lose_nothing(
    owner: User, session: Session, rng: random.Random
) -> None:
    total = 60

    async def write(count: int) -> None:
        for _ in range(count):
            await happens(session, Noticed(code="x\0"))
            if rng.random() < 0.3:
                await asyncio.sleep(rng.random() / 200)

    async def read() -> None:
        await asyncio.sleep(rng.random() / 5)
        after = rng.randint(0, (await sessions.get(owner, session.id)).last_seq)
        heard: list[Heard] = []
        async with await sessions.follow(owner, session.id, after) as following:
            while not heard or heard[-1][0] != total:
                heard += await following.batch()
                await asyncio.sleep(rng.random() / 100)
        whole = await log.read(session.id)
        assert heard == whole[after:]

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(write(total // 3))
        for _ in range(12):
            group.create_task(read())


async def test_a_follower_who_was_cut_off_anywhere_goes_on_from_its_cursor(
    owner: User, session: Session, rng: random.Random
) -> None:
    heard: list[Heard] = []
    async with await sessions.follow(owner, session.id) as following, asyncio.timeout(20):
        writing = asyncio.ensure_future(_write(session, 40))
        while len(heard) < 40:
            batch = asyncio.ensure_future(following.batch())
            await asyncio.wait({batch}, timeout=rng.random() / 200)
            if batch.cancel():
                await asyncio.wait({batch})
            if not batch.cancelled():
                heard += batch.result()
        await writing
    assert heard == await log.read(session.id)


async def _write(session: Session, count: int) -> None:
    for number in range(count):
        await happens(session, Noticed(code=str(number)))


async def test_what_is_live_ends_as_what_is_stored(owner: User, puppet: Puppet, rng: random.Random) -> None:
    """After each finished step, every follower sees what the log alone would show."""

    async def talks(request: Request) -> Said:
        words = [f"word{number} " for number in range(30)]
        for word in words:
            yield Delta(kind="text", text=word)
            await asyncio.sleep(0.001)
        call = ToolCall(id="c", name="list_directory", arguments={"path": "."})
        is_last = len(request.messages) > 8
        calls = () if is_last else (call,)
        yield step(Text(text="".join(words)), *calls, stop="end_turn" if is_last else "tool_use")

    puppet.plays = {"talks": talks}
    session = await sessions.create(owner, model="puppet:talks")

    async def watch() -> int:
        await asyncio.sleep(rng.random() / 3)
        transcript, seen = Transcript(), 0
        happened: list[Event] = []
        async with await sessions.follow(owner, session.id) as following:
            async for _, event in following:
                transcript.apply(event)
                if not isinstance(event, Delta | Snapshot):
                    happened.append(event)
                    if transcript.live and isinstance(happened[-1], StepFinished):
                        seen += 1
                    assert transcript.rows == fold(happened).rows
                elif isinstance(happened[-1], StepFinished) and isinstance(event, Snapshot):
                    assert event.said == () or event.step == steps(happened)
                if isinstance(event, TurnFinished):
                    assert transcript.live == ()
                    return seen
        return -1

    async with asyncio.timeout(20):
        await say(owner, session, "Go")
        assert set(await asyncio.gather(*(watch() for _ in range(25)))) == {0}


def steps(happened: list[Event]) -> int:
    return sum(isinstance(event, StepFinished) for event in happened)


async def test_a_stored_step_is_not_heard_once_more(owner: User, puppet: Puppet) -> None:
    """A follower reads the log in the moment between a step's commit and its announcement."""

    async def talks(_request: Request) -> Said:
        yield Delta(kind="text", text="Hello")
        yield step(Text(text="Hello"))

    puppet.plays = {"talks": talks}
    session = await sessions.create(owner, model="puppet:talks")
    running = await live(session.id)
    joined: list[list[Heard]] = []
    append = log.append

    async def append_and_look(
        session_id: str, event: Event, key: str, writer: str, also: Callable[[Any], None] | None
    ) -> tuple[int, Event, bool]:
        stored = await append(session_id, event, key, writer, also)
        if isinstance(event, StepFinished):
            async with await sessions.follow(owner, session_id) as following:
                joined.append(await following.batch())
        return stored

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(log, "append", append_and_look)
        await turn(owner, session, "Hi")
    assert [isinstance(event, StepFinished) for _, event in joined[0]] == [False, True]
    assert running.snapshot() is None


@sqlite_only
async def test_a_slow_follower_loses_deltas_and_gets_a_snapshot(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "MOST_PENDING", 20)
    async with (
        await sessions.follow(owner, session.id) as quick,
        await sessions.follow(owner, session.id) as slow,
    ):
        await say(owner, session, "count to 200")
        await next_of(slow, Delta)
        await heard_until(quick, lambda event: isinstance(event, Delta) and event.text == "w60 ")
        snapshot = await next_of(slow, Snapshot)
        assert "w60 " in snapshot.said[-1].text
        heard = await heard_until(slow, lambda event: isinstance(event, TurnFinished))
    later = [event for _, event in heard if isinstance(event, Delta)]
    assert [delta.index for delta in later] == list(range(snapshot.index + 1, later[-1].index + 1))
    assert fold([snapshot, *later]).live[-1].text.endswith(" w200")
    assert durable(heard) == (await log.read(session.id))[-len(durable(heard)) :]


@sqlite_only
async def test_a_notice_that_is_only_live_reaches_who_is_behind(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "MOST_PENDING", 5)
    async with await sessions.follow(owner, session.id) as following:
        await say(owner, session, "count to 5000 slowly")
        await next_of(following, Delta)
        for index in range(10):
            bus.bus.publish(session.id, None, Delta(kind="text", text="x", index=index))
        bus.bus.publish(session.id, None, Noticed(code="storage_waiting"))
        assert (await next_of(following, Noticed)).code == "storage_waiting"
        await sessions.submit(owner, session.id, Interrupt())
        await next_of(following, TurnFinished)


@sqlite_only
async def test_who_has_left_is_heard_of_no_more(owner: User, session: Session) -> None:
    async with await sessions.follow(owner, session.id):
        assert session.id in bus.bus._followers
    assert session.id not in bus.bus._followers
    assert await events(session) == []
