"""When something was last used: known soon after, and written at most once a minute."""

import pytest
from sqlmodel import select

from agent import accounts
from agent.accounts import uses
from agent.accounts.tokens import hashed
from agent.core.errors import Unavailable
from agent.core.identity import Principal, User
from agent.store.columns import new_id
from agent.store.engine import reading
from agent.store.users import LoginSessionRow


async def test_a_tokens_use_is_known_soon(other: User) -> None:
    token = await accounts.issue_token(other, "mine")
    assert [each.last_used_at for each in await accounts.issued_tokens(other)] == [None]
    await accounts.whose(token)
    await uses.settle()
    [listed] = await accounts.issued_tokens(other)
    assert listed.last_used_at
    assert listed.last_used_at > listed.created_at


async def test_a_cookies_use_is_known_soon(owner: User) -> None:
    cookie = await accounts.sign_in(owner)
    await accounts.whose(cookie)
    await uses.settle()
    mine = select(LoginSessionRow.last_used_at).where(LoginSessionRow.token_hash == hashed(cookie))
    assert await reading(lambda store: store.exec(mine).one())


async def test_a_use_is_written_once_a_minute(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Principal] = []

    async def write(principal: Principal) -> None:
        written.append(principal)

    monkeypatch.setattr(uses, "_write", write)
    first, second = (Principal(user=owner, way="token", id=new_id()) for _ in range(2))
    for principal in (first, first, second, first):
        uses.note(principal)
    assert await uses.settle() is None
    assert written == [first, second]
    monkeypatch.setattr(uses, "EVERY", 0.0)
    uses.note(first)
    uses.note(first)
    await uses.settle()
    assert written == [first, second, first, first]


async def test_what_is_remembered_has_an_end(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses, "REMEMBERED", 3)
    for _ in range(10):
        uses.note(Principal(user=owner, way="token", id=new_id()))
    assert len(uses._due) <= 3
    await uses.settle()


async def test_a_database_that_is_away_is_no_reason_to_refuse(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_work: object) -> None:
        raise Unavailable("database")

    token = await accounts.issue_token(owner, "mine")
    monkeypatch.setattr(uses, "writing", away)
    assert await accounts.whose(token) == owner
    await uses.settle()
