"""People on the way to another server."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from agent.accounts import sign_ins
from agent.accounts.tokens import hashed
from agent.core.identity import User
from agent.store.columns import now
from agent.store.engine import reading
from agent.store.users import SignInRow

BODY = b"the verifier and the nonce"


async def rows() -> list[SignInRow]:
    return await reading(lambda store: [*store.exec(select(SignInRow))])


async def test_who_comes_back_finds_what_was_kept_once(owner: User) -> None:
    await sign_ins.keep("state", "provider", owner.id, BODY)
    assert await sign_ins.look("state", "provider", owner.id) == BODY
    assert await sign_ins.take("state", "provider", owner.id) == BODY
    assert await sign_ins.take("state", "provider", owner.id) is None
    assert await sign_ins.look("state", "provider", owner.id) is None


async def test_of_two_who_come_back_at_once_one_finds_it(owner: User) -> None:
    await sign_ins.keep("state", "provider", owner.id, BODY)
    found = await asyncio.gather(*(sign_ins.take("state", "provider", owner.id) for _ in range(8)))
    assert sorted(found, key=bool)[-2:] == [None, BODY]


async def test_nobody_else_finds_it(owner: User, other: User) -> None:
    await sign_ins.keep("state", "provider", owner.id, BODY)
    assert await sign_ins.take("state", "provider", other.id) is None
    assert await sign_ins.take("state", "login", owner.id) is None
    assert await sign_ins.take("another", "provider", owner.id) is None
    assert await sign_ins.take("state", "provider", owner.id) == BODY


async def test_it_ends_and_is_cleared_away(owner: User) -> None:
    await sign_ins.keep("old", "provider", owner.id, BODY, now() - timedelta(seconds=1))
    assert await sign_ins.take("old", "provider", owner.id) is None
    await sign_ins.keep("new", "provider", owner.id, BODY)
    assert [row.state_hash for row in await rows()] == [hashed("new")]


async def test_one_who_begins_again_and_again_leaves_few_behind(owner: User) -> None:
    for number in range(sign_ins.MOST_AT_ONCE + 5):
        await sign_ins.keep(str(number), "provider", owner.id, BODY)
    await sign_ins.keep("mine", "login", owner.id, BODY)
    assert len(await rows()) == sign_ins.MOST_AT_ONCE + 1
    assert await sign_ins.look("0", "provider", owner.id) is None
    assert await sign_ins.look(str(sign_ins.MOST_AT_ONCE + 4), "provider", owner.id) == BODY


async def test_what_is_stored_tells_nothing(owner: User) -> None:
    await sign_ins.keep("state", "provider", owner.id, BODY)
    (row,) = await rows()
    assert BODY not in row.sealed
    assert "state" not in row.state_hash


async def test_of_two_who_replace_it_one_succeeds(owner: User) -> None:
    await sign_ins.keep("state", "device", owner.id, b"1")
    changes = (sign_ins.replace("state", "device", owner.id, b"1", b"2") for _ in range(4))
    assert sorted(await asyncio.gather(*changes)) == [False, False, False, True]
    assert await sign_ins.look("state", "device", owner.id) == b"2"


@pytest.mark.usefixtures("owner")
async def test_what_is_not_there_cannot_be_replaced() -> None:
    assert not await sign_ins.replace("state", "device", "somebody", b"1", b"2")
