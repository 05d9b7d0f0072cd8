"""Following a session whose turn runs elsewhere: what the wire loses or turns around does no harm."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from agent import sessions
from agent.core.events import Delta, Event, Live, Noticed, Snapshot, StepFinished, TurnFinished, TurnStarted
from agent.core.identity import Session, User
from agent.core.messages import Message, Text
from agent.sessions import log
from agent.sessions.stream import following, speech
from agent.sessions.stream.bus import Bus, Heard, bus
from agent.sessions.stream.following import Following
from agent.sessions.stream.speech import Speech
from agent.store.columns import new_id
from tests.agent.sessions.talk import PATIENCE, heard_until, next_of, sqlite_only

Sent = Heard | None
Fate = Callable[[Sent], list[Sent]]
"""What comes out at the far end for what was sent: nothing, the same, more."""
SENTINEL = Noticed(code="storage_waiting")


def arrives(sent: Sent) -> list[Sent]:
    return [sent]


def is_lost(_sent: Sent) -> list[Sent]:
    return []


class Line:
    """A wire to one other process, and what becomes of things on the way."""

    def __init__(self, far: Bus) -> None:
        self.far = far
        self.fate: Fate = arrives
        self.sent: list[Sent] = []

    def send(self, session_id: str, heard: Heard | None) -> None:
        self.sent.append(heard)
        for arriving in self.fate(heard):
            self.far.deliver(session_id, arriving)

    async def listen(self, session_id: str) -> None:
        assert session_id

    async def ignore(self, session_id: str) -> None:
        assert session_id

    async def close(self) -> None:
        self.fate = is_lost


@dataclass
class Worker:
    """Another process, where the turn runs."""

    session: Session
    bus: Bus
    out: Line
    back: Line
    """The way of the wishes for a snapshot."""
    turn_id: str = field(default_factory=new_id)
    speech: Speech | None = None

    async def happens(self, event: Event) -> int:
        stored = event.model_copy(update={"turn_id": self.turn_id})
        seq, stored, _ = await log.append(self.session.id, stored)
        self.bus.publish(self.session.id, seq, stored)
        return seq

    async def begins(self, turn_id: str = "") -> None:
        self.turn_id = turn_id or self.turn_id
        await self.happens(TurnStarted(prompt=(Text(text="Go"),), model="m", mode="ask"))
        self.speaks(0)

    def speaks(self, step: int, attempt: int = 0) -> None:
        self.speech = Speech(self.session.id, self.turn_id, step, attempt)

    def says(self, *words: str) -> None:
        assert self.speech
        for word in words:
            self.speech.say(Delta(kind="text", text=word))

    async def ends_step(self) -> None:
        assert self.speech
        said = self.speech.broken_off("error").message
        self.speech = None
        await self.happens(StepFinished(message=said, stop="end_turn"))

    async def ends(self) -> None:
        await self.happens(TurnFinished(reason="end_turn"))

    @property
    def wishes(self) -> int:
        return self.back.sent.count(None)

    def answer(self, session_id: str) -> None:
        if self.speech:
            self.bus.publish(session_id, None, self.speech.snapshot())


@pytest.fixture
async def worker(session: Session, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker]:
    afar = Bus()
    worker = Worker(session, afar, Line(bus), Line(afar))
    afar.wire, afar.answer_wanted = worker.out, worker.answer
    monkeypatch.setattr(bus, "wire", worker.back)
    monkeypatch.setattr(speech, "bus", afar)
    yield worker
    worker.speech = None


class Ear:
    """What a page makes of what it hears."""

    def __init__(self) -> None:
        self.durable: list[Heard] = []
        self.text = ""
        self._speaks: tuple[str, int, int] | None = None
        self._index = -1

    def hear(self, heard: Heard) -> None:
        seq, event = heard
        if seq is not None:
            self.durable.append(heard)
            self.text = "" if isinstance(event, StepFinished | TurnFinished) else self.text
        elif isinstance(event, Snapshot):
            self.text = "".join(said.text for said in event.said)
            self._speaks, self._index = (event.turn_id, event.step, event.attempt), event.index
        elif isinstance(event, Delta):
            speaks = (event.turn_id, event.step, event.attempt)
            if speaks != self._speaks:
                self.text, self._speaks, self._index = "", speaks, -1
            assert event.index == self._index + 1, "a hole in what is said"
            self.text, self._index = self.text + event.text, event.index


def words(step: int) -> list[str]:
    return [f"{step}.{number} " for number in range(40)]


def unreliable(rng: random.Random) -> Fate:
    """Loses, doubles and turns around some of everything."""
    held: list[Sent] = []

    def fate(sent: Sent) -> list[Sent]:
        chance = rng.random()
        if chance < 0.15:
            return []
        if chance < 0.25:
            return [sent, sent]
        if chance < 0.4:
            held.append(sent)
            return []
        late, held[:] = list(held), []
        return [sent, *late]

    return fate


@pytest.mark.parametrize("reliable", [True, False], ids=["a good wire", "a bad wire"])
async def test_a_follower_afar_ends_with_what_the_log_says(
    owner: User, worker: Worker, rng: random.Random, monkeypatch: pytest.MonkeyPatch, *, reliable: bool
) -> None:
    monkeypatch.setattr(following, "SAFETY", 0.05)
    if not reliable:
        worker.out.fate, worker.back.fate = unreliable(rng), unreliable(rng)

    async def works() -> None:
        for _ in range(2):
            await worker.begins(new_id())
            for number in range(3):
                worker.speaks(number)
                for word in words(number):
                    worker.says(word)
                    await asyncio.sleep(rng.random() / 500)
                await worker.ends_step()
            await worker.ends()

    async def follows(after: float) -> Ear:
        await asyncio.sleep(after)
        ear = Ear()
        async with await sessions.follow(owner, worker.session.id) as heard:
            async for one in heard:
                ear.hear(one)
                assert any("".join(words(step)).startswith(ear.text) for step in range(3)), ear.text
                if one[0] == 10:
                    return ear
        raise AssertionError

    async with asyncio.timeout(PATIENCE):
        ears, _ = await asyncio.gather(
            asyncio.gather(*(follows(rng.random() / 3) for _ in range(8))), works()
        )
    whole = await log.read(worker.session.id)
    assert all(ear.durable == whole for ear in ears)
    assert {ear.text for ear in ears} == {""}


async def sentinel(worker: Worker, heard: Following) -> list[Event | Live]:
    """What is heard up to now."""
    fate, worker.out.fate = worker.out.fate, arrives
    worker.bus.publish(worker.session.id, None, SENTINEL)
    worker.out.fate = fate
    return [event for _, event in await heard_until(heard, lambda event: event == SENTINEL)][:-1]


def texts(heard: list[Event | Live]) -> list[str]:
    return [
        event.text if isinstance(event, Delta) else "".join(said.text for said in event.said)
        for event in heard
        if isinstance(event, Delta | Snapshot)
    ]


@sqlite_only
async def test_who_comes_late_asks_for_what_is_being_said(owner: User, worker: Worker) -> None:
    await worker.begins()
    worker.says("a", "b", "c")
    async with await sessions.follow(owner, worker.session.id) as heard:
        await next_of(heard, TurnStarted)
        worker.says("d")
        assert texts(await sentinel(worker, heard)) == ["abc", "d"]
    assert worker.wishes == 1


@sqlite_only
async def test_a_gap_asks_for_a_snapshot_once(owner: User, worker: Worker) -> None:
    await worker.begins()
    async with await sessions.follow(owner, worker.session.id) as heard:
        await next_of(heard, Snapshot)
        worker.says("a")
        assert worker.wishes == 1
        worker.out.fate = is_lost
        worker.says("b")
        worker.out.fate = arrives
        worker.back.fate = is_lost  # the wish, too, may be lost: it is not repeated with each delta
        worker.says(*"cdefgh")
        assert texts(await sentinel(worker, heard)) == ["a"]
        assert worker.wishes == 2
        worker.answer(worker.session.id)
        worker.says("i")
        assert texts(await sentinel(worker, heard)) == ["abcdefgh", "i"]
        worker.out.fate = is_lost
        worker.says("j")
        worker.out.fate = worker.back.fate = arrives
        worker.says("k", "l")
        assert texts(await sentinel(worker, heard)) == []
        assert texts(await sentinel(worker, heard)) == ["abcdefghijkl"]
        assert worker.wishes == 3


@sqlite_only
async def test_a_lost_wish_is_repeated_when_it_has_been_quiet(
    owner: User, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "SAFETY", 0.05)
    await worker.begins()
    worker.says("a")
    worker.back.fate = is_lost
    async with await sessions.follow(owner, worker.session.id) as heard:
        await next_of(heard, TurnStarted)
        worker.says("b")
        quiet = asyncio.ensure_future(heard.batch())
        await asyncio.wait({quiet}, timeout=0.3)
        assert not quiet.done()
        worker.back.fate = arrives
        worker.says("c")
        async with asyncio.timeout(PATIENCE):
            assert texts([event for _, event in await quiet]) == ["abc"]


@sqlite_only
async def test_what_an_older_attempt_says_is_not_heard(owner: User, worker: Worker) -> None:
    await worker.begins()
    async with await sessions.follow(owner, worker.session.id) as heard:
        worker.says("old")
        await next_of(heard, Snapshot)
        before = worker.speech
        worker.speaks(0, attempt=1)
        worker.says("new")
        assert before
        before.say(Delta(kind="text", text="older"))
        worker.bus.publish(worker.session.id, None, before.snapshot())
        worker.says("er")
        assert texts(await sentinel(worker, heard)) == ["new", "er"]


@sqlite_only
@pytest.mark.parametrize("after", [0, 1, 2], ids=["from the beginning", "in the turn", "in the step"])
async def test_words_of_a_stored_step_that_come_late_are_not_heard(
    owner: User, worker: Worker, after: int
) -> None:
    await worker.begins()
    before = worker.speech
    assert before
    worker.out.fate = is_lost
    worker.says("a")
    await worker.ends_step()
    async with await sessions.follow(owner, worker.session.id, after) as heard:
        if after < 2:
            await next_of(heard, StepFinished)
        else:
            worker.speaks(1)
            worker.bus.publish(worker.session.id, None, SENTINEL)
        worker.out.fate = arrives
        late: list[Live] = [
            Delta(kind="text", text="a", turn_id=worker.turn_id),
            before.snapshot(),
        ]
        for live in late:
            worker.bus.publish(worker.session.id, None, live)
        worker.speaks(1)
        worker.says("b")
        heard_late = [text for text in texts(await sentinel(worker, heard)) if text]
        assert "".join(heard_late) in {"b", ""}
        await worker.ends_step()
        await worker.ends()
        await next_of(heard, TurnFinished)
        for live in late:
            worker.bus.publish(worker.session.id, None, live)
        assert texts(await sentinel(worker, heard)) == []


@sqlite_only
async def test_a_turn_is_heard_whose_id_is_older_than_the_one_before(owner: User, worker: Worker) -> None:
    """The ids of turns are made where prompts are accepted, and clocks differ."""
    older = new_id()
    async with await sessions.follow(owner, worker.session.id) as heard:
        await worker.begins(new_id())
        await next_of(heard, TurnStarted)
        worker.says("a")
        await next_of(heard, Delta)
        await worker.ends_step()
        await worker.ends()
        await next_of(heard, TurnFinished)
        await worker.begins(older)
        worker.says("b", "c")
        assert "".join(texts(await sentinel(worker, heard))) == "bc"


@sqlite_only
async def test_what_nobody_told_is_found_soon(
    owner: User, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "SAFETY", 0.1)
    worker.out.fate = is_lost
    async with await sessions.follow(owner, worker.session.id) as heard:
        for number in range(3):
            seq = await worker.happens(Noticed(code=f"{number}"))
            async with asyncio.timeout(5):
                found, event = await anext(heard)
            assert (found, isinstance(event, Noticed)) == (seq, True)


@sqlite_only
async def test_whoever_was_cut_off_reads_what_was_said_meanwhile(owner: User, worker: Worker) -> None:
    async with await sessions.follow(owner, worker.session.id) as heard:
        await worker.begins()
        await next_of(heard, TurnStarted)
        worker.out.fate = is_lost
        worker.says("a")
        await worker.ends_step()
        worker.speaks(1)
        worker.says("b", "c")
        worker.out.fate = arrives
        bus.miss()
        await next_of(heard, StepFinished)
        assert "".join(texts(await sentinel(worker, heard))) == "bc"
        assert Message(role="assistant", parts=(Text(text="a"),)) in [
            event.message for _, event in await log.read(worker.session.id) if isinstance(event, StepFinished)
        ]
