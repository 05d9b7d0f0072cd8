import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import SQLModel, col, delete, func, select, update

from agent import accounts, sessions
from agent.config import Settings
from agent.core.errors import NotFound
from agent.core.identity import Session, User
from agent.running import running
from agent.sessions import rows
from agent.sessions.sweeping import sweep, sweep_unused
from agent.sessions.turns import supervisor
from agent.store.columns import now
from agent.store.engine import reading, writing
from agent.store.sessions import EventRow, SessionRow
from agent.store.users import LoginSessionRow
from tests.agent.sessions.puppet import Gate, Puppet
from tests.agent.sessions.talk import PATIENCE, asked, finished, say, sqlite_only, turn
from tests.agent.visitors import Visitor, visitor


async def ended(guest: User, ago: timedelta) -> None:
    """Let a guest have ended some time ago."""
    theirs = update(LoginSessionRow).where(col(LoginSessionRow.anonymous_session_id) == guest.id)
    await writing(lambda store: store.exec(theirs.values(expires_at=now() - ago)))


async def left() -> dict[str, int]:
    tables: tuple[type[SQLModel], ...] = (SessionRow, EventRow, LoginSessionRow)
    counts = [await reading(lambda store, table=table: store.exec(counted(table)).one()) for table in tables]
    return {table.__name__: count for table, count in zip(tables, counts, strict=True)}


def has_folder(session: Session) -> bool:
    return Path(session.workspace).is_dir()


def counted(table: type[SQLModel]):  # noqa: ANN201  SQLModel's own kind of select
    return select(func.count()).select_from(table)


@pytest.fixture
async def here(ada: User) -> Visitor:  # noqa: ARG001  it opens the agent
    return await visitor()


@pytest.fixture
async def session(here: Visitor) -> Session:
    session = await sessions.create(here.user, "Begun", "demo:scripted", "edit")
    await turn(here.user, session, "write a.txt with Hello")
    return session


async def test_a_guest_goes_with_all_that_was_theirs(here: Visitor, session: Session) -> None:
    thrown_away = await sessions.create(here.user, "Gone", "demo:scripted")
    await sessions.delete(here.user, thrown_away.id)
    (Path(session.workspace) / "closed").mkdir(mode=0)
    await ended(here.user, timedelta(hours=25))
    assert await sweep() == 2
    assert await left() == {"SessionRow": 0, "EventRow": 0, "LoginSessionRow": 0}
    assert not has_folder(session)
    assert not has_folder(thrown_away)


@sqlite_only
async def test_who_is_still_a_guest_stays_and_who_ended_today_counts_on(
    here: Visitor, session: Session
) -> None:
    other = await visitor("192.0.2.2")
    kept = await sessions.create(other.user, "Kept", "demo:scripted")
    await ended(here.user, timedelta(hours=23))
    assert await sweep() == 0
    assert await sessions.get(other.user, kept.id) == kept
    assert (await left())["LoginSessionRow"] == 2
    assert has_folder(session)


@sqlite_only
async def test_what_people_have_is_never_swept_away(ada: User, here: Visitor, session: Session) -> None:
    own = await sessions.create(ada, "Mine", "demo:scripted")
    cookie = await accounts.sign_in(ada)
    await accounts.claim(ada, here.cookie)
    old = update(LoginSessionRow).values(expires_at=now() - timedelta(days=9))
    await writing(lambda store: store.exec(old))
    assert await sweep() == 0
    assert {one.id for one in (await sessions.mine(ada))[0]} == {own.id, session.id}
    assert has_folder(session)
    assert await accounts.whose(cookie, afresh=True) is None


@sqlite_only
async def test_what_nobodys_cookie_leads_to_any_more_goes_too(here: Visitor, session: Session) -> None:
    theirs = delete(LoginSessionRow).where(col(LoginSessionRow.anonymous_session_id) == here.user.id)
    await writing(lambda store: store.exec(theirs))
    assert await sweep() == 1
    with pytest.raises(NotFound):
        await rows.owner(session.id)


@sqlite_only
async def test_where_a_turn_runs_is_left_for_the_next_time(here: Visitor, puppet: Puppet) -> None:
    gate = Gate()
    puppet.plays["waits"] = gate.play
    session = await sessions.create(here.user, "Runs", "puppet:waits")
    turn_id = await say(here.user, session, "Go")
    await ended(here.user, timedelta(days=2))
    assert await sweep() == 0
    gate.opened.set()
    await finished(here.user, session, turn_id)
    assert await sweep() == 1


@sqlite_only
async def test_a_question_nobody_answers_keeps_nothing(here: Visitor) -> None:
    session = await sessions.create(here.user, "Asks", "demo:scripted")
    await say(here.user, session, "write a.txt with Hello")
    await asked(here.user, session)
    parked = update(SessionRow).where(col(SessionRow.id) == session.id).values(is_parked=True)
    await writing(lambda store: store.exec(parked))
    await ended(here.user, timedelta(days=2))
    assert await sweep() == 1


@sqlite_only
async def test_a_folder_that_is_not_its_own_stays(here: Visitor, session: Session, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved = update(SessionRow).where(col(SessionRow.id) == session.id).values(workspace=str(elsewhere))
    await writing(lambda store: store.exec(moved))
    await ended(here.user, timedelta(days=2))
    assert await sweep() == 1
    assert elsewhere.is_dir()


@sqlite_only
async def test_a_server_sweeps_when_it_starts(
    open_to_guests: None,  # noqa: ARG001  it comes before the settings
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(settings):
        here = await visitor()
        await sessions.create(here.user, "Begun", "demo:scripted")
        await ended(here.user, timedelta(days=2))
    monkeypatch.setattr(supervisor, "ROUND", 0.02)
    async with running(settings), asyncio.timeout(PATIENCE):
        while (await left())["SessionRow"]:  # noqa: ASYNC110  a row tells nobody that it goes
            await asyncio.sleep(0.02)


async def aged(session: Session, **values: object) -> None:
    """Let a session have been begun two days ago, with what is said of it."""
    old = {"updated_at": now() - timedelta(days=2), **values}
    await writing(
        lambda store: store.exec(update(SessionRow).where(col(SessionRow.id) == session.id).values(**old))
    )


async def is_there(user: User, session: Session) -> bool:
    try:
        await sessions.get(user, session.id)
    except NotFound:
        return False
    return True


async def test_a_session_that_was_never_used_goes_after_a_day(ada: User) -> None:
    begun, fresh = await sessions.create(ada), await sessions.create(ada)
    await aged(begun)
    assert await sweep_unused() == 1
    assert not await is_there(ada, begun)
    assert not has_folder(begun)
    assert await is_there(ada, fresh)
    assert await sweep_unused() == 0


@sqlite_only
@pytest.mark.parametrize(
    "kept", [{"name": "Plans"}, {"draft": "Please"}, {"pinned_at": now()}, {"last_seq": 1}]
)
async def test_what_somebody_means_to_come_back_to_stays(ada: User, kept: dict[str, object]) -> None:
    session = await sessions.create(ada)
    await aged(session, **kept)
    assert await sweep_unused() == 0
    assert await is_there(ada, session)


@sqlite_only
async def test_a_session_with_files_is_not_unused(ada: User) -> None:
    attached, worked = await sessions.create(ada), await sessions.create(ada)
    await sessions.attach(ada, attached.id, "a.txt", b"Hello")
    (Path(worked.workspace) / "a.txt").write_text("Hello")
    await aged(attached)
    await aged(worked)
    assert await sweep_unused() == 0
    assert await is_there(ada, attached)
    assert has_folder(worked)


@sqlite_only
async def test_a_session_of_a_guest_goes_with_the_guest(here: Visitor) -> None:
    session = await sessions.create(here.user, model="demo:scripted")
    await aged(session)
    assert await sweep_unused() == 0
    assert await is_there(here.user, session)
