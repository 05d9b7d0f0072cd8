import asyncio
from collections.abc import Awaitable
from datetime import timedelta

import pytest
from sqlmodel import update

from agent import sessions
from agent.config import Settings
from agent.core.commands import Answer, DropPrompt, EditPrompt, Interrupt
from agent.core.errors import LimitReached, NotAllowed
from agent.core.identity import Session, User
from agent.core.messages import Text
from agent.sessions import quotas
from agent.store.columns import now
from agent.store.engine import writing
from agent.store.sessions import SessionRow
from agent.store.users import LoginSessionRow
from tests.agent.sessions.puppet import Gate, Puppet
from tests.agent.sessions.talk import asked, events, finished, prompt, say, sqlite_only, turn
from tests.agent.visitors import guest

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


async def made(user: User, model: str = "demo:scripted") -> Session:
    return await sessions.create(user, model=model)


async def refused(code: str, work: Awaitable[object]) -> LimitReached:
    with pytest.raises(LimitReached) as error:
        await work
    assert error.value.code == code
    return error.value


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that are reached quickly."""
    monkeypatch.setattr(quotas, "MOST_PROMPTS", 2)
    monkeypatch.setattr(quotas, "MOST_AT_PLACE", 3)


async def test_a_guest_has_so_many_sessions_at_once(ada: User, settings: Settings) -> None:
    here, other = await guest(HERE), await guest(ELSEWHERE)
    kept = [await made(here) for _ in range(quotas.MOST_SESSIONS)]
    folders = list((settings.data_dir / "workspaces").iterdir())
    await refused("guest_sessions", made(here))
    assert list((settings.data_dir / "workspaces").iterdir()) == folders
    await refused("guest_sessions", sessions.fork(here, (await spoken(here, kept[0])).id, 1))
    await made(other)
    await sessions.delete(here, kept[1].id)
    await made(here)
    for _ in range(quotas.MOST_SESSIONS + 1):
        await made(ada)


async def spoken(user: User, session: Session) -> Session:
    await turn(user, session, "count to 1")
    return session


@pytest.mark.usefixtures("ada")
async def test_who_asks_for_many_at_once_gets_no_more() -> None:
    here = await guest()
    tries = await asyncio.gather(*(made(here) for _ in range(9)), return_exceptions=True)
    assert sum(isinstance(one, Session) for one in tries) == quotas.MOST_SESSIONS


@sqlite_only
@pytest.mark.usefixtures("ada")
async def test_sessions_that_are_thrown_away_count_for_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "MOST_MADE_AT_PLACE", 3)
    for user in (first := await guest(HERE), first, await guest(HERE)):
        await sessions.delete(user, (await made(user)).id)
    await refused("guest_place", made(await guest(HERE)))
    await made(await guest(ELSEWHERE))
    old = update(SessionRow).values(created_at=now() - timedelta(hours=25))
    await writing(lambda store: store.exec(old))
    await made(first)


@pytest.mark.usefixtures("few")
async def test_a_guest_may_send_so_many_prompts_a_day(ada: User) -> None:
    here = await guest()
    session = await made(here)
    await turn(here, session, "count to 1")
    await turn(here, session, "count to 1")
    error = await refused("guest_prompts", say(here, session, "count to 1"))
    seconds = error.values["seconds"]
    assert isinstance(seconds, int)
    assert 86_000 < seconds <= 86_400
    free = await made(ada)
    for _ in range(4):
        await turn(ada, free, "count to 1")
    yesterday = update(LoginSessionRow).values(prompts_since=now() - timedelta(hours=25))
    await writing(lambda store: store.exec(yesterday))
    await turn(here, session, "count to 1")


@pytest.mark.usefixtures("few", "ada")
async def test_s39_a_new_cookie_is_no_new_quota() -> None:
    for number in (2, 1):
        user = await guest(HERE)
        session = await made(user)
        for _ in range(number):
            await turn(user, session, "count to 1")
    third = await guest(HERE)
    await refused("guest_place", say(third, await made(third), "count to 1"))
    await refused("guest_place", say(user, session, "count to 1"))
    other = await guest(ELSEWHERE)
    await turn(other, await made(other), "count to 1")


@pytest.mark.usefixtures("few", "ada")
async def test_many_guests_of_a_place_at_once_send_no_more() -> None:
    users = [await guest(HERE) for _ in range(5)]
    each = [(user, await made(user)) for user in users]
    tries = await asyncio.gather(
        *(say(user, session, "count to 1") for user, session in each), return_exceptions=True
    )
    assert sum(isinstance(one, str) for one in tries) == quotas.MOST_AT_PLACE
    for (user, session), said in zip(each, tries, strict=True):
        if isinstance(said, str):
            await finished(user, session, said)


@sqlite_only
@pytest.mark.usefixtures("few", "ada")
async def test_a_prompt_sent_twice_by_one_id_counts_once_and_a_refused_one_never() -> None:
    here = await guest()
    session = await made(here)
    [said] = {await say(here, session, "count to 1", "one") for _ in range(5)}
    await finished(here, session, said)
    with pytest.raises(LimitReached):
        await say(here, session, "x" * quotas.LONGEST_PROMPT)
    await turn(here, session, "count to 1")
    await refused("guest_prompts", say(here, session, "count to 1"))


@pytest.mark.usefixtures("ada")
async def test_s40_a_guest_has_one_turn_at_a_time(puppet: Puppet) -> None:
    gate = Gate()
    puppet.plays["p"] = gate.play
    here, other = await guest(), await guest(ELSEWHERE)
    session, second, theirs = await made(here, "puppet:p"), await made(here), await made(other)
    running = await say(here, session, "Go")
    await refused("guest_turn", say(here, second, "count to 1"))
    waits = await say(here, session, "And then this")
    await turn(other, theirs, "count to 1")
    await sessions.submit(here, session.id, DropPrompt(prompt_id=waits))
    gate.opened.set()
    await finished(here, session, running)
    await turn(here, second, "count to 1")


@sqlite_only
@pytest.mark.usefixtures("ada", "few")
async def test_a_prompt_said_anew_is_one_more(puppet: Puppet) -> None:
    puppet.plays["p"] = Gate().play
    here = await guest()
    session = await made(here, "puppet:p")
    await say(here, session, "Go")
    waits = await say(here, session, "And then this")
    anew = EditPrompt(prompt_id=waits, parts=(Text(text="Or that"),))
    await refused("guest_prompts", sessions.submit(here, session.id, anew))
    await sessions.submit(here, session.id, DropPrompt(prompt_id=waits))
    await sessions.submit(here, session.id, Interrupt())


@sqlite_only
@pytest.mark.usefixtures("ada")
async def test_a_copy_brings_no_turns_that_are_not_counted(
    puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    puppet.plays["p"] = Gate().play
    here = await guest()
    session = await made(here, "puppet:p")
    await say(here, session, "Go")
    for text in ("a", "b"):
        await say(here, session, text)
    seq = (await sessions.get(here, session.id)).last_seq
    await refused("guest_turn", sessions.fork(here, session.id, seq))
    monkeypatch.setattr(quotas, "MOST_PROMPTS", 5)
    await refused("guest_prompts", sessions.fork(here, session.id, seq))
    assert not [one for one in (await sessions.mine(here))[0] if one.id != session.id and one.last_seq]


@sqlite_only
async def test_a_guests_session_comes_to_an_end(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    here = await guest()
    session = await spoken(here, await made(here))
    point = await sessions.checkpoint(here, session.id)
    monkeypatch.setattr(quotas, "MOST_EVENTS", 3)
    for work in (
        say(here, session, "count to 1"),
        sessions.checkpoint(here, session.id),
        sessions.restore(here, session.id, point.id),
        sessions.change(here, session.id, model="demo:other"),
    ):
        await refused("guest_session_full", work)
    await sessions.delete(here, session.id)
    endless = await spoken(ada, await made(ada))
    await turn(ada, endless, "count to 1")


@sqlite_only
@pytest.mark.usefixtures("ada")
async def test_a_guest_answers_once_and_is_offered_nothing_for_always() -> None:
    here = await guest()
    session = await made(here)
    turn_id = await say(here, session, "write a.txt with Hello")
    question = await asked(here, session)
    assert question.offers == ()
    for answer in ("allow_always", "reject_always"):
        command = Answer.model_validate({"approval_id": question.approval_id, "answer": answer})
        with pytest.raises(NotAllowed):
            await sessions.submit(here, session.id, command)
        with pytest.raises(NotAllowed):
            await sessions.preview(here, session.id, command)
    once = Answer(approval_id=question.approval_id, answer="allow_once")
    await sessions.submit(here, session.id, once)
    assert (await finished(here, session, turn_id)).reason == "end_turn"


@sqlite_only
@pytest.mark.usefixtures("ada")
async def test_a_guest_picks_no_folder_of_the_server() -> None:
    with pytest.raises(NotAllowed):
        await sessions.create(await guest(), workspace="/")


@sqlite_only
@pytest.mark.usefixtures("ada")
async def test_a_prompt_of_a_guest_is_no_longer_than_a_picture() -> None:
    here = await guest()
    session = await made(here)
    too_long = prompt("x" * quotas.LONGEST_PROMPT)
    await refused("guest_prompt_too_long", sessions.submit(here, session.id, too_long))
    assert await events(session) == []
