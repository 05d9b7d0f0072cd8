import asyncio
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import bindparam, text
from sqlmodel import Session as Store

from agent import sessions
from agent.core.errors import NotFound, Unavailable
from agent.core.events import Event, Noticed, PromptDropped, TurnFinished
from agent.core.identity import Session, User
from agent.sessions import log
from agent.store.columns import Id, new_id
from agent.store.engine import writing
from agent.store.sessions import ExecutorRow
from tests.agent.core import strategies
from tests.agent.sessions.talk import turn

KEEPING_THE_DATABASE = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None
)


@KEEPING_THE_DATABASE
@given(event=strategies.events)
async def test_every_event_survives_the_store(session: Session, event: Event) -> None:
    seq, stored, is_new = await log.append(session.id, event)
    assert is_new
    assert await log.read(session.id, seq - 1) == [(seq, stored)]
    if "\0" not in repr(event.model_dump()).replace("\\x00", "\0"):
        assert stored == event


async def test_what_no_database_holds_is_replaced_at_once(session: Session) -> None:
    event = Noticed(code="a\0é\ud800", values={"\0": [float("nan"), float("-inf"), "\udfff"], "b": 10**300})
    seq, stored, _ = await log.append(session.id, event)
    assert isinstance(stored, Noticed)
    assert stored.code == "a\ufffdé\ufffd"
    assert stored.values == {"\ufffd": [None, None, "\ufffd"], "b": 10**300}
    assert await log.read(session.id) == [(seq, stored)]


async def test_deep_and_large_values_survive(session: Session) -> None:
    deep: object = "deep"
    for _ in range(100):
        deep = [deep]
    event = Noticed.model_validate({"code": "x" * 2_000_000, "values": {"deep": deep}})
    await log.append(session.id, event)
    assert (await log.read(session.id))[0][1] == event


async def test_events_are_numbered_without_a_gap_however_many_write(owner: User, session: Session) -> None:
    other = await sessions.create(owner)
    numbers = range(40)
    appended = await asyncio.gather(
        *(log.append((session, other)[number % 2].id, Noticed(code=str(number))) for number in numbers)
    )
    assert sorted(seq for seq, _, _ in appended) == sorted([*range(1, 21), *range(1, 21)])
    for written in (session, other):
        assert [seq for seq, _ in await log.read(written.id)] == list(range(1, 21))
        assert (await sessions.get(owner, written.id)).last_seq == 20


async def test_what_has_the_same_key_is_stored_once(session: Session) -> None:
    first = await log.append(session.id, Noticed(code="first"), "key")
    again = await log.append(session.id, Noticed(code="second"), "key")
    assert (first[2], again[2]) == (True, False)
    assert again[:2] == first[:2]
    assert await log.kept("key") == first[:2]
    assert await log.kept("no key") is None
    assert len(await log.read(session.id)) == 1


async def test_what_many_store_under_one_key_at_one_instant_is_stored_once(session: Session) -> None:
    """Each on a connection of its own, where the database has more than one writer."""
    for key in ("one", "two"):
        stored = await asyncio.gather(
            *(log.append(session.id, Noticed(code=str(number)), key) for number in range(16))
        )
        assert sum(is_new for _, _, is_new in stored) == 1
        assert len({seq for seq, _, _ in stored}) == 1
    assert [seq for seq, _ in await log.read(session.id)] == [1, 2]


async def test_a_writer_that_counts_as_dead_stores_nothing(owner: User, session: Session) -> None:
    writer = new_id()
    with pytest.raises(log.Fenced):
        await log.append(session.id, Noticed(code="x"), "key", writer)
    await _lives(writer)
    assert (await log.append(session.id, Noticed(code="x"), "key", writer))[0] == 1
    await writing(lambda store: store.delete(store.get_one(ExecutorRow, writer)))
    for key in ("key", "another", ""):
        with pytest.raises(log.Fenced):
            await log.append(session.id, TurnFinished(reason="end_turn"), key, writer)
    assert [event.type for _, event in await log.read(session.id)] == ["Noticed"]
    assert (await sessions.get(owner, session.id)).last_seq == 1


async def test_whoever_buries_a_writer_waits_until_its_event_is_stored(session: Session) -> None:
    """Else it could write after others have gone on with its turns."""
    writer = new_id()
    await _lives(writer)
    written, may_commit = threading.Event(), threading.Event()

    def writes(store: Store) -> None:
        log.write(store, session.id, Noticed(code="x"), "", writer)
        written.set()
        assert may_commit.wait(20)

    writing_still = asyncio.ensure_future(writing(writes))
    await asyncio.to_thread(written.wait)
    burying = asyncio.ensure_future(writing(lambda store: store.delete(store.get_one(ExecutorRow, writer))))
    await asyncio.wait({burying}, timeout=0.2)
    assert not burying.done()
    may_commit.set()
    await writing_still
    await burying
    assert len(await log.read(session.id)) == 1


async def _lives(writer: str) -> None:
    row = ExecutorRow(id=writer, beat_at=0, pid=1, started_at=0)
    await writing(lambda store: store.add(row))


@pytest.mark.usefixtures("owner")
async def test_a_log_of_nobody_takes_nothing() -> None:
    with pytest.raises(NotFound):
        await log.append(new_id(), PromptDropped(prompt_id="p"))
    assert await log.read(new_id()) == []


@pytest.mark.parametrize(
    "body", ["[1, 2]", "{}", "null", '{"type": "Rebooted"}', '{"type": "Noticed", "code": 3}']
)
async def test_a_damaged_event_is_named_and_harms_no_other_session(
    owner: User, session: Session, body: str
) -> None:
    other = await sessions.create(owner, model="demo:scripted")
    await turn(owner, other, "count to 1")
    await turn(owner, session, "count to 1")
    await _damage(session, 2, body)
    for reads in (
        lambda: log.read(session.id),
        lambda: sessions.open(owner, session.id),
        lambda: _followed(owner, session),
        lambda: sessions.fork(owner, session.id, 2),
    ):
        with pytest.raises(Unavailable) as told:
            async with asyncio.timeout(5):
                await reads()
        assert told.value.code == "event_damaged"
        assert told.value.values["seq"] == 2
    async with await sessions.follow(owner, session.id, 2) as following:
        assert (await anext(following))[0] == 3
    assert (await turn(owner, other, "count to 2"))[-1].type == "TurnFinished"
    assert (await sessions.open(owner, other.id)).rows


async def test_a_damaged_event_under_a_key_is_not_taken_for_another(session: Session) -> None:
    await log.append(session.id, Noticed(code="x"), "key")
    await _damage(session, 1, "[]")
    with pytest.raises(Unavailable, match="event_damaged"):
        await log.append(session.id, Noticed(code="x"), "key")
    assert (await log.append(session.id, Noticed(code="x")))[0] == 2


async def _followed(owner: User, session: Session) -> None:
    async with await sessions.follow(owner, session.id) as following:
        await following.batch()


async def _damage(session: Session, seq: int, body: str) -> None:
    """Write something else where an event's body was, as a person at the database could."""

    def work(store: Store) -> None:
        json = "CAST(:body AS JSONB)" if store.get_bind().dialect.name == "postgresql" else ":body"
        of_the_session = text(f"UPDATE events SET body = {json} WHERE session_id = :id AND seq = :seq")  # noqa: S608
        by_id = of_the_session.bindparams(bindparam("id", type_=Id))
        store.connection().execute(by_id, {"body": body, "id": session.id, "seq": seq})

    await writing(work)
