import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from agent import accounts, providers, sessions
from agent.accounts import guests, tokens
from agent.core.errors import LimitReached, NotAllowed, NotFound, NotSignedIn
from agent.core.identity import User
from agent.core.messages import ToolCall
from agent.store.columns import now
from agent.store.engine import reading, writing
from agent.store.users import LoginSessionRow
from tests.agent.sessions.puppet import Gate, Puppet, step
from tests.agent.sessions.talk import finished, say, sqlite_only
from tests.agent.visitors import guest, visitor


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "FRESH_FOR", 0.0)


@sqlite_only
@pytest.mark.usefixtures("ada")
async def test_a_guest_is_known_by_its_cookie_alone_and_only_its_hash_is_kept() -> None:
    here = await visitor("2001:db8::7")
    assert (here.user.is_anonymous, here.user.is_admin) == (True, False)
    [row] = await reading(lambda store: list(store.exec(select(LoginSessionRow))))
    assert (row.user_id, row.anonymous_session_id, row.place) == (None, here.user.id, "2001:db8::/64")
    assert row.token_hash == tokens.hashed(here.cookie)
    assert now() + timedelta(days=6) < row.expires_at < now() + timedelta(days=8)


@sqlite_only
@pytest.mark.usefixtures("ada")
async def test_a_place_gets_so_many_guests_and_no_more() -> None:
    for _ in range(5):
        await accounts.new_guest("198.51.100.1")
    with pytest.raises(LimitReached) as refused:
        await accounts.new_guest("198.51.100.1")
    assert refused.value.code == "guests"
    seconds = refused.value.values["seconds"]
    assert isinstance(seconds, int)
    assert 0 < seconds <= 3600
    await accounts.new_guest("198.51.100.2")


@sqlite_only
@pytest.mark.usefixtures("ada")
async def test_a_household_with_a_whole_network_is_one_place() -> None:
    for end in range(5):
        await accounts.new_guest(f"2001:db8:0:5::{end}")
    with pytest.raises(LimitReached):
        await accounts.new_guest("2001:db8:0:5:ffff::1")


@sqlite_only
async def test_where_nobody_may_be_a_guest_a_guests_cookie_speaks_for_nobody(owner: User) -> None:
    assert owner.provider == "local"
    assert await accounts.whose(await accounts.new_guest("192.0.2.9")) is None


async def test_what_a_guest_began_is_theirs_who_sign_in(ada: User) -> None:
    here = await visitor()
    session = await sessions.create(here.user, "Begun", "demo:scripted", "edit")
    await finished(here.user, session, await say(here.user, session, "write a.txt with Hello"))
    assert await accounts.claim(ada, here.cookie) == 1
    [claimed] = (await sessions.mine(ada))[0]
    assert (claimed.id, claimed.user_id, claimed.anonymous_session_id) == (session.id, ada.id, None)
    await finished(ada, claimed, await say(ada, claimed, "count to 1"))


async def test_after_that_the_cookie_is_worth_nothing(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "FRESH_FOR", 60.0)
    here = await visitor()
    session = await sessions.create(here.user, "Begun", "demo:scripted")
    await accounts.claim(ada, here.cookie)
    assert await accounts.identify(here.cookie) is None
    with pytest.raises(NotFound):
        await sessions.get(here.user, session.id)
    with pytest.raises(NotSignedIn):
        await sessions.create(here.user)
    assert await accounts.claim(ada, here.cookie) == 0


async def test_of_two_who_claim_at_once_one_gets_it(ada: User) -> None:
    here = await visitor()
    await sessions.create(here.user, "Begun", "demo:scripted")
    taken = await asyncio.gather(*(accounts.claim(ada, here.cookie) for _ in range(4)))
    assert sorted(taken) == [0, 0, 0, 1]


@sqlite_only
async def test_no_other_cookie_is_claimed_with(ada: User) -> None:
    ended, elsewhere = await visitor(), await visitor("192.0.2.2")
    kept = await sessions.create(elsewhere.user, "Kept", "demo:scripted")
    mine = await accounts.sign_in(ada)
    over = update(LoginSessionRow).where(col(LoginSessionRow.anonymous_session_id) == ended.user.id)
    await writing(lambda store: store.exec(over.values(expires_at=now() - timedelta(minutes=1))))
    for cookie in (mine, ended.cookie, "", "mss_x", elsewhere.user.id, await accounts.issue_token(ada, "t")):
        assert await accounts.claim(ada, cookie) == 0
    assert await accounts.whose(mine) == ada
    assert await sessions.get(elsewhere.user, kept.id) == kept


@sqlite_only
@pytest.mark.usefixtures("ada")
async def test_a_guest_claims_nothing() -> None:
    here = await visitor()
    await sessions.create(here.user, "Kept", "demo:scripted")
    with pytest.raises(NotAllowed):
        await accounts.claim(await guest("192.0.2.2"), here.cookie)
    assert len((await sessions.mine(here.user))[0]) == 1


async def test_a_turn_that_runs_goes_on_in_the_session_that_was_claimed(ada: User) -> None:
    here = await visitor()
    session = await sessions.create(here.user, "Begun", "demo:scripted")
    turn_id = await say(here.user, session, "count to 60 slowly")
    await accounts.claim(ada, here.cookie)
    assert (await finished(ada, session, turn_id)).reason == "end_turn"


@sqlite_only
async def test_its_model_may_go_on_to_plan_there(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(providers.plug_ins(), "puppet", puppet := Puppet())
    plan = ToolCall(id="plan", name="enter_plan_mode", arguments={})
    puppet.plays["plans"] = (gate := Gate(step(plan, stop="tool_use"))).play
    here = await visitor()
    session = await sessions.create(here.user, "Begun", "puppet:plans")
    turn_id = await say(here.user, session, "Go")
    await gate.reached.wait()
    await accounts.claim(ada, here.cookie)
    gate.opened.set()
    assert (await finished(ada, session, turn_id)).reason == "end_turn"
    assert (await sessions.get(ada, session.id)).mode == "plan"


def test_a_guest_lasts_a_week() -> None:
    assert timedelta(days=7) == guests.GUEST_FOR == accounts.GUEST_FOR
