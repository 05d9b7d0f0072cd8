from datetime import timedelta

import pytest
from sqlmodel import select, update

from agent import accounts
from agent.accounts import request_keys
from agent.core.errors import Conflict, LimitReached
from agent.core.identity import User
from agent.store.columns import now
from agent.store.engine import reading, writing
from agent.store.users import RequestKeyRow


async def older(by: timedelta) -> None:
    await writing(lambda store: store.exec(update(RequestKeyRow).values(created_at=now() - by)))


async def test_what_was_answered_is_answered_again(owner: User) -> None:
    assert await accounts.take_request(owner, "key", "what") is None
    await accounts.answer_request(owner, "key", 201, "{}")
    for _ in range(2):
        assert await accounts.take_request(owner, "key", "what") == accounts.Answered(status=201, body="{}")


async def test_what_is_being_worked_on_is_not_begun_again(owner: User) -> None:
    await accounts.take_request(owner, "key", "what")
    with pytest.raises(Conflict) as refused:
        await accounts.take_request(owner, "key", "what")
    assert refused.value.code == "key_in_use"


async def test_a_key_is_one_requests(owner: User) -> None:
    await accounts.take_request(owner, "key", "what")
    with pytest.raises(Conflict) as refused:
        await accounts.take_request(owner, "key", "something else")
    assert refused.value.code == "key_reused"


async def test_keys_of_two_people_are_two(owner: User, other: User) -> None:
    await accounts.take_request(owner, "key", "what")
    await accounts.answer_request(owner, "key", 201, "mine")
    assert await accounts.take_request(other, "key", "what") is None


async def test_what_came_to_nothing_may_be_tried_again(owner: User) -> None:
    await accounts.take_request(owner, "key", "what")
    await accounts.drop_request(owner, "key")
    assert await accounts.take_request(owner, "key", "what") is None


async def test_what_died_with_its_process_may_be_tried_again_by_one(owner: User) -> None:
    await accounts.take_request(owner, "key", "what")
    await older(request_keys.AT_WORK + timedelta(seconds=1))
    assert await accounts.take_request(owner, "key", "what") is None
    with pytest.raises(Conflict):
        await accounts.take_request(owner, "key", "what")


async def test_an_answer_is_kept_for_a_day(owner: User) -> None:
    await accounts.take_request(owner, "key", "what")
    await accounts.answer_request(owner, "key", 201, "{}")
    await older(request_keys.KEPT + timedelta(seconds=1))
    assert await accounts.take_request(owner, "key", "something else") is None


async def test_only_so_many_are_kept(owner: User, other: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_keys, "MOST_KEPT", 2)
    for number in range(2):
        await accounts.take_request(owner, f"key {number}", "what")
    with pytest.raises(LimitReached):
        await accounts.take_request(owner, "one more", "what")
    assert await accounts.take_request(other, "one more", "what") is None


async def test_only_hashes_of_keys_are_stored(owner: User) -> None:
    await accounts.take_request(owner, "a-key-of-mine", "what")
    rows = await reading(lambda store: [row.model_dump() for row in store.exec(select(RequestKeyRow))])
    assert len(rows) == 1
    assert "a-key-of-mine" not in str(rows)
