import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.config import Settings
from agent.running import migrate
from agent.store.migrations import newest
from app.doctor import Finding, findings


async def found(settings: Settings) -> dict[str, Finding]:
    return {finding.about: finding async for finding in findings(settings)}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(maestro_data_dir=tmp_path / "data")
    migrate(settings)
    return settings


def test_a_finding_is_one_line() -> None:
    assert str(Finding("Database", "first\nsecond\tthird", "WRONG")) == "WRONG  Database: first second third"
    assert str(Finding("Redis", "answers.")) == "ok     Redis: answers."


async def test_what_is_in_order_is_told(settings: Settings) -> None:
    told = await found(settings)
    assert list(told)[:5] == ["Settings", "Database", "Redis", "ripgrep", "bubblewrap"]
    assert [told[about].mark for about in ("Settings", "Database", "Redis")] == ["ok"] * 3
    assert newest() in told["Database"].words


async def test_a_sandbox_is_told_or_why_there_is_none(settings: Settings) -> None:
    sandbox = (await found(settings))["Sandbox"]
    if os.geteuid() == 0:
        assert sandbox.mark == "WRONG"
        assert "root: commands are refused" in sandbox.words
    else:
        assert ("refused" in sandbox.words) == (sandbox.mark == "WRONG")


async def test_a_database_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    database = (await found(Settings(maestro_data_dir=tmp_path / "none")))["Database"]
    assert (database.mark, "is not there" in database.words) == ("WRONG", True)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("revision", "words"), [("0001", "Run: maestro migrate"), ("9999", "newer Maestro"), (None, "no tables")]
)
async def test_a_database_of_another_shape_is_told(
    settings: Settings, revision: str | None, words: str
) -> None:
    with closing(sqlite3.connect(settings.data_dir / "app.db")) as database, database:
        if revision:
            database.execute("UPDATE alembic_version SET version_num = ?", [revision])
        else:
            database.execute("DROP TABLE alembic_version")
    told = (await found(settings))["Database"]
    assert (told.mark, words in told.words) == ("WRONG", True)


async def test_a_database_that_does_not_answer_is_told_without_its_password(settings: Settings) -> None:
    away = settings.model_copy(update={"database_url": "postgresql://me:hunter2@127.0.0.1:1/x"})
    told = (await found(away))["Database"]
    assert told.mark == "WRONG"
    assert "hunter2" not in str(told)


async def test_the_password_of_a_database_is_not_told(settings: Settings, postgres: str) -> None:
    there = settings.model_copy(update={"database_url": postgres})
    migrate(there)
    told = (await found(there))["Database"]
    assert told.mark == "ok"
    assert postgres.partition("://")[2].partition("@")[0].partition(":")[2] not in str(told)


async def test_redis_is_told_when_it_is_set(settings: Settings, redis_url: str) -> None:
    there = await found(settings.model_copy(update={"redis_url": redis_url}))
    away = await found(settings.model_copy(update={"redis_url": "redis://:hunter2@127.0.0.1:1"}))
    assert (there["Redis"].mark, away["Redis"].mark) == ("ok", "WRONG")
    assert "hunter2" not in str(away["Redis"])


async def test_a_program_that_is_missing_is_no_fault(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told = await found(settings)
    assert [told[name].mark for name in ("ripgrep", "bubblewrap")] == ["note", "note"]
