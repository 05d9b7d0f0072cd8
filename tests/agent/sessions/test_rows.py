from pathlib import Path

import pytest

from agent import sessions
from agent.core.errors import NotFound
from agent.core.identity import ANONYMOUS, User
from agent.sessions import rows
from agent.store.columns import new_id
from tests.agent.visitors import guest


async def test_a_stored_session_is_read_as_it_was(owner: User, tmp_path: Path) -> None:
    stored = await rows.create(owner, "Plan", "demo:m", "plan", tmp_path, new_id())
    assert await rows.session(owner, stored.id) == stored
    assert (stored.name, stored.mode, stored.workspace) == ("Plan", "plan", str(tmp_path))


async def test_columns_are_changed_and_others_stay(owner: User, tmp_path: Path) -> None:
    stored = await rows.create(owner, "Plan", "demo:m", "plan", tmp_path, new_id())
    assert await rows.change(owner, stored.id, mode="auto") == stored.model_copy(update={"mode": "auto"})


async def test_what_is_deleted_cannot_be_changed(owner: User, tmp_path: Path) -> None:
    stored = await rows.create(owner, "Plan", "demo:m", "plan", tmp_path, new_id())
    await rows.delete(owner, stored.id)
    with pytest.raises(NotFound):
        await rows.change(owner, stored.id, name="Again")
    with pytest.raises(NotFound):
        await rows.delete(owner, stored.id)


async def test_a_guests_session_is_a_guests(ada: User, tmp_path: Path) -> None:
    here, other = await guest("192.0.2.1"), await guest("192.0.2.2")
    stored = await rows.create(here, "Begun", "demo:m", "plan", tmp_path, new_id())
    assert (stored.user_id, stored.anonymous_session_id, stored.owner) == (None, here.id, here.id)
    assert await rows.owner(stored.id) == (here, stored)
    assert await rows.session(here, stored.id) == stored
    assert await sessions.mine(here) == ([stored], "")
    mask = ada.model_copy(update={"id": here.id})
    for user in (other, ada, mask):
        with pytest.raises(NotFound):
            await rows.session(user, stored.id)
        with pytest.raises(NotFound):
            await rows.change(user, stored.id, name="Mine")
        with pytest.raises(NotFound):
            await rows.delete(user, stored.id)
        assert await sessions.mine(user) == ([], "")


async def test_a_persons_session_is_no_guests_even_of_the_same_id(ada: User, tmp_path: Path) -> None:
    stored = await rows.create(ada, "Mine", "demo:m", "plan", tmp_path, new_id())
    mask = ada.model_copy(update={"provider": ANONYMOUS})
    for user in (mask, await guest()):
        with pytest.raises(NotFound):
            await rows.session(user, stored.id)
        assert await sessions.mine(user) == ([], "")
    assert (await rows.owner(stored.id))[0].id == ada.id
