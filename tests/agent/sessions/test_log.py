import asyncio
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from agent import sessions
from agent.core.errors import NotFound, Unavailable
from agent.core.events import Event, Noticed, PromptDropped
from agent.core.identity import Session, User
from agent.sessions import log
from agent.store.columns import new_id
from tests.agent.core import strategies

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


@pytest.mark.usefixtures("owner")
async def test_a_log_of_nobody_takes_nothing() -> None:
    with pytest.raises(NotFound):
        await log.append(new_id(), PromptDropped(prompt_id="p"))
    assert await log.read(new_id()) == []


@pytest.mark.parametrize("emptied_database", ["sqlite"], indirect=True)
async def test_an_event_of_another_shape_is_named(session: Session, tmp_path: Path) -> None:
    await log.append(session.id, Noticed(code="x"))
    with sqlite3.connect(tmp_path / "app.db") as damaging:
        damaging.execute("UPDATE events SET body = '[1, 2]'")
    damaging.close()
    with pytest.raises(Unavailable) as told:
        await log.read(session.id)
    assert told.value.code == "event_damaged"
