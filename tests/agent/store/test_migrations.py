from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, inspect
from sqlmodel import SQLModel

from agent.config import Settings
from agent.core.errors import Unavailable
from agent.store import sessions, users
from agent.store.migrations import FOLDER, migrate, newest, revision
from agent.store.search import INDEX

TABLES = {users.UserRow.__tablename__, sessions.EventRow.__tablename__, *SQLModel.metadata.tables}


def url(database_url: str) -> str:
    return Settings(database_url=database_url).database


def tables(engine: Engine) -> set[str]:
    found = {name for name in inspect(engine).get_table_names() if not name.startswith(INDEX.name)}
    return found - {"alembic_version"}


def alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def test_an_empty_database_comes_to_the_newest_shape_and_back(database_url: str) -> None:
    engine = create_engine(url(database_url))
    with engine.connect() as connection:
        assert revision(connection) is None
    for _ in range(2):
        migrate(url(database_url))
        assert tables(engine) == TABLES
    with engine.begin() as connection:
        assert revision(connection) == newest()
        # Raises when the tables of the code differ from those of the database.
        command.check(alembic(connection))
    with engine.begin() as connection:
        command.downgrade(alembic(connection), "base")
    assert tables(engine) == set()
    migrate(url(database_url))
    assert tables(engine) == TABLES
    engine.dispose()


def test_the_command_line_needs_no_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'app.db'}")
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    command.upgrade(config, "head")
    engine = create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    assert tables(engine) == TABLES
    engine.dispose()


def test_a_database_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(Unavailable):
        migrate(f"sqlite:///{tmp_path / 'folder'}")
