"""Somebody leaves for good."""

from pathlib import Path

import pytest
from sqlmodel import col, select

from agent import sessions
from agent.core.errors import NotAllowed, NotFound
from agent.core.events import TurnFinished, TurnStarted
from agent.core.guests import guest
from agent.core.identity import Session, User
from agent.sessions import leaving
from agent.store.columns import new_id
from agent.store.engine import reading
from agent.store.sessions import EventRow, SessionRow
from tests.agent.sessions.puppet import Gate, Puppet
from tests.agent.sessions.talk import next_of, say, turn


def is_there(session: Session) -> bool:
    return Path(session.workspace).is_dir()


async def left(session: Session) -> tuple[int, int]:
    """How many rows and events there are of a session."""
    rows = select(SessionRow.id).where(col(SessionRow.id) == session.id)
    events = select(EventRow.seq).where(EventRow.session_id == session.id)
    return await reading(lambda store: (len(store.exec(rows).all()), len(store.exec(events).all())))


async def test_who_leaves_takes_everything_along(owner: User, other: User, session: Session) -> None:
    await turn(owner, session, "hello")
    thrown_away = await sessions.create(owner, model="demo:scripted")
    await sessions.delete(owner, thrown_away.id)
    theirs = await sessions.create(other, model="demo:scripted")
    await sessions.remove_all(owner)
    assert await left(session) == await left(thrown_away) == (0, 0)
    assert not any(is_there(one) for one in (session, thrown_away))
    assert await sessions.get(other, theirs.id) == theirs
    assert is_there(theirs)


async def test_what_runs_is_stopped_first(owner: User, puppet: Puppet) -> None:
    gate = Gate()
    puppet.plays["p"] = gate.play
    session = await sessions.create(owner, model="puppet:p")
    turn_id = await say(owner, session, "work")
    await gate.reached.wait()
    async with await sessions.follow(owner, session.id) as following:
        await next_of(following, TurnStarted)
        await sessions.remove_all(owner)
        ended = await next_of(following, TurnFinished)
    assert (ended.turn_id, ended.reason) == (turn_id, "cancelled")
    assert await left(session) == (0, 0)
    with pytest.raises(NotFound):
        await sessions.get(owner, session.id)


async def test_nobody_waits_for_ever_for_a_turn_that_does_not_end(
    owner: User, puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    puppet.plays["p"] = gate.play
    monkeypatch.setattr(leaving, "PATIENCE", 0.01)
    session = await sessions.create(owner, model="puppet:p")
    await say(owner, session, "work")
    await gate.reached.wait()
    await leaving.settle(owner)
    assert (await left(session))[0] == 1


async def test_a_guest_leaves_in_another_way() -> None:
    with pytest.raises(NotAllowed, match="guest"):
        await sessions.remove_all(guest(new_id()))
