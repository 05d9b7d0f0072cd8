from pathlib import Path

import pytest

from agent.core.errors import NotFound
from agent.core.identity import User
from agent.sessions import rows
from agent.store.columns import new_id


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


@pytest.mark.parametrize("text", ["", "x", "0198C0DE-0000-7000-8000-000000000000", "0" * 32, "\0"])
def test_what_is_no_id_is_known(text: str) -> None:
    assert not rows.is_id(text)
