import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from agent import accounts, config, sessions
from agent.config import Settings
from agent.core.errors import Unavailable
from agent.core.events import Noticed, PromptQueued
from agent.core.messages import Text
from agent.core.provider import Credential
from agent.running import (
    check_keys,
    database_shape,
    migrate,
    reach_redis,
    rotate,
    running,
    sandbox_choice,
    unready,
    verify,
)
from agent.sessions import log
from agent.sessions.turns.registry import live_or_none
from agent.store import engine, migrations
from agent.store.audit import Entry, append
from agent.store.columns import new_id
from agent.store.sealing import FILE
from tests.agent.sessions.talk import events, finished, say
from tests.servers import RedisServer


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


async def test_the_audit_log_is_compared_with_its_hashes(settings: Settings) -> None:
    before = await verify(settings)
    async with running(settings):
        number = await engine.writing(lambda store: append(store, Entry(action="rule_added")))
        # A server may have the database open meanwhile.
    after = await verify(settings)
    assert (after.is_whole, after.entries, after.entries - before.entries) == (True, number, 1)
    assert (await verify(settings, str(after.head))).is_whole
    other = await verify(settings, f"{number}:{64 * 'a'}")
    assert (other.fault, other.broken_at) == ("another", number)
    later = await verify(settings, f"{number + 1}:{after.head.hash}")
    assert (later.fault, later.broken_at) == ("cut_off", number + 1)
    assert engine._engines == []


@pytest.mark.parametrize(
    "expected", ["x", "0:" + "a" * 64, "1:" + "A" * 64, "1:a", "9" * 20 + ":" + "a" * 64]
)
async def test_what_is_no_head_is_refused(tmp_path: Path, expected: str) -> None:
    with pytest.raises(ValueError, match="SEQ:HASH"):
        await verify(Settings(maestro_data_dir=tmp_path), expected)


async def test_the_shape_of_a_database_is_told_without_its_password(settings: Settings) -> None:
    shape = await database_shape(settings)
    assert shape.revision == shape.newest == migrations.newest()
    assert settings.database_url.partition("@")[0] not in shape.address or "@" not in settings.database_url


@pytest.mark.parametrize("look", [database_shape, verify])
async def test_to_look_at_a_database_makes_none(tmp_path: Path, look: Any) -> None:
    with pytest.raises(Unavailable) as told:
        await look(Settings(maestro_data_dir=tmp_path / "data"))
    assert "is not there" in str(told.value.values["reason"])
    assert os.listdir(tmp_path) == []  # noqa: PTH208  one look that blocks nobody


async def test_a_database_of_an_older_shape_and_no_database_at_all_are_told(tmp_path: Path) -> None:
    settings = Settings(maestro_data_dir=tmp_path)
    (tmp_path / "app.db").touch()
    assert (await database_shape(settings)).revision is None
    with pytest.raises(Unavailable) as told:
        await verify(settings)
    assert "maestro migrate" in str(told.value.values["reason"])
    (tmp_path / "app.db").write_text("no database " * 100)
    with pytest.raises(Unavailable) as told:
        await database_shape(settings)
    assert "not a database" in str(told.value.values["reason"])
    assert engine._engines == []


async def test_redis_answers_or_is_told(redis_url: str) -> None:
    await reach_redis(Settings(redis_url=redis_url))
    for address in ("redis://127.0.0.1:1", "http://127.0.0.1"):
        with pytest.raises(Unavailable) as told:
            await reach_redis(Settings(redis_url=address))
        assert told.value.code == "redis"


async def test_which_sandbox_holds_is_tried() -> None:
    choice = await sandbox_choice()
    assert choice.report
    assert choice.backend is None or choice.report[choice.backend] == ()
    if os.geteuid() == 0:
        assert choice.backend is None


FIRST, SECOND = "first-key-hVq3Zt8Lw2Nc5Rx7Bd9Kf1Mj", "second-key-Qp4Ys6Gu8Ea0Ti2Wo5Zx7Cv9"


def use(monkeypatch: pytest.MonkeyPatch, keys: str) -> Settings:
    monkeypatch.setenv("MAESTRO_SECRET_KEY", keys)
    config.settings.cache_clear()
    return config.settings()


async def keep_one(settings: Settings) -> None:
    async with running(settings) as owner:
        assert owner is not None
        key = Credential.model_validate({"secret": "sk-1"})
        await accounts.keep_credential(owner, "openai", key, "pasted")


async def test_without_the_key_that_sealed_what_is_stored_nothing_starts(settings: Settings) -> None:
    await check_keys(settings)
    await keep_one(settings)
    await check_keys(settings)
    (settings.data_dir / FILE).unlink()
    with pytest.raises(Unavailable, match="secret_key_gone") as told:
        await check_keys(settings)
    assert told.value.values == {"count": 1}
    assert not (settings.data_dir / FILE).exists()


async def test_with_a_key_that_others_can_read_nothing_starts(settings: Settings) -> None:
    await keep_one(settings)
    (settings.data_dir / FILE).chmod(0o644)
    with pytest.raises(Unavailable, match="secret_key_open"):
        await check_keys(settings)


@pytest.mark.usefixtures("settings")
async def test_with_another_key_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    await keep_one(use(monkeypatch, FIRST))
    with pytest.raises(Unavailable, match="secret_key_other"):
        await check_keys(use(monkeypatch, SECOND))
    both = use(monkeypatch, f"{SECOND} {FIRST}")
    await check_keys(both)
    assert (await rotate(both, forgets=False)).anew == 1
    await check_keys(use(monkeypatch, SECOND))


async def test_a_database_of_an_older_shape_is_not_rotated(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "app.db")
    connection.close()
    settings = Settings(maestro_data_dir=tmp_path, database_url=f"sqlite:///{tmp_path / 'app.db'}")
    with pytest.raises(Unavailable, match="database"):
        await rotate(settings, forgets=True)


async def test_a_server_that_runs_lacks_nothing(settings: Settings) -> None:
    async with running(settings):
        assert await unready(settings) == []


async def shaped(revision: str) -> None:
    """Let the database say that it has this shape."""
    changed = text("UPDATE alembic_version SET version_num = :revision").bindparams(revision=revision)
    await engine.writing(lambda store: store.connection().execute(changed))


async def test_what_is_missing_is_told_by_its_name(settings: Settings, own_redis: RedisServer) -> None:
    own_redis.stop()
    away = settings.model_copy(update={"redis_url": own_redis.address})
    async with running(settings):
        await shaped("0001")
        missing = await unready(away)
        await shaped(migrations.newest())  # other tests have this database after us
        assert missing == ["shape", "redis"]
    assert await unready(away) == ["database", "redis", "turns"]
