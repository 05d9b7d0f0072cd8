from pathlib import Path

import pytest

from agent import accounts, sessions
from agent.config import Settings
from agent.core.errors import Unavailable
from agent.core.events import Noticed, PromptQueued
from agent.core.messages import Text
from agent.running import migrate, running
from agent.sessions import log
from agent.sessions.turns.registry import live_or_none
from agent.store import engine
from agent.store.columns import new_id
from tests.agent.sessions.talk import events, finished, say


async def test_the_owner_finds_a_token_in_a_private_folder(settings: Settings) -> None:
    async with running(settings) as owner:
        assert owner is not None
        token = (settings.data_dir / "api-token").read_text().strip()
        assert await accounts.whose(token) == owner
    assert settings.data_dir.stat().st_mode & 0o077 == 0
    async with running(settings) as again:
        assert again == owner
        assert (settings.data_dir / "api-token").read_text().strip() == token


async def test_where_people_sign_in_there_is_no_owner(settings: Settings) -> None:
    async with running(settings.model_copy(update={"maestro_auth": "oidc"})) as owner:
        assert owner is None
    assert not (settings.data_dir / "api-token").exists()


async def test_a_stop_in_mid_turn_is_told_at_the_next_start_and_the_turn_goes_on(settings: Settings) -> None:
    async with running(settings) as owner:
        assert owner is not None
        session = await sessions.create(owner, model="demo:scripted")
        turn_id = await say(owner, session, "count to 200")
        queued = await say(owner, session, "count to 2")
    assert live_or_none(session.id) is None
    async with running(settings):
        assert (await finished(owner, session, turn_id)).reason == "end_turn"
        assert (await finished(owner, session, queued)).reason == "end_turn"
        notices = [event for event in await events(session) if isinstance(event, Noticed)]
        assert [(notice.turn_id, notice.code) for notice in notices] == [(turn_id, "restart")]


async def test_what_waited_is_taken_up_at_the_start(settings: Settings) -> None:
    async with running(settings) as owner:
        assert owner is not None
        session = await sessions.create(owner, model="demo:scripted")
        prompt, turn_id = (Text(text="count to 2"),), new_id()
        await log.append(session.id, PromptQueued(turn_id=turn_id, prompt_id=turn_id, prompt=prompt))
    async with running(settings):
        assert (await finished(owner, session, turn_id)).reason == "end_turn"


async def test_where_nobody_signs_in_a_database_that_is_not_there_is_told_too(tmp_path: Path) -> None:
    nowhere = Settings(
        database_url=f"sqlite:///{tmp_path}", maestro_data_dir=tmp_path / "data", maestro_auth="oidc"
    )
    with pytest.raises(Unavailable):
        async with running(nowhere):
            pass
    assert engine._engines == []


async def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    nowhere = Settings(database_url=f"sqlite:///{tmp_path}", maestro_data_dir=tmp_path / "data")
    with pytest.raises(Unavailable):
        migrate(nowhere)
    with pytest.raises(Unavailable):
        async with running(nowhere):
            pass
    assert engine._engines == []
