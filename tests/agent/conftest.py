"""The agent, open on a database of each kind."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
import structlog

from agent import config
from agent.config import Settings
from agent.core.identity import User
from agent.running import migrate, running
from agent.store import migrations
from agent.store.columns import new_id
from agent.store.engine import writing
from agent.store.users import UserRow
from tests.servers import drop_database, new_database


@pytest.fixture(scope="session", autouse=True)
def _plain_log() -> None:
    """By itself structlog draws every local variable into a traceback, which takes seconds."""
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])


@pytest.fixture(scope="session")
def one_postgres(postgres_address: str) -> Iterator[str]:
    """A PostgreSQL database at its newest shape, which the tests share one after the other."""
    address = new_database(postgres_address)
    migrations.migrate(Settings(database_url=address).database)
    yield address
    drop_database(address)


@pytest.fixture(params=["sqlite", "postgresql"])
def emptied_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind without rows; emptying one takes a tenth of making one."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'app.db'}"
    address = request.getfixturevalue("one_postgres")
    with psycopg.connect(address) as connection:
        connection.execute("TRUNCATE users, executors CASCADE")
        if connection.execute("SELECT to_regclass('dbos.workflow_status')").fetchone() != (None,):
            connection.execute("TRUNCATE dbos.workflow_status CASCADE")
    return address


@pytest.fixture
def settings(emptied_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with a database at its newest shape."""
    monkeypatch.setenv("DATABASE_URL", emptied_database)
    monkeypatch.setenv("MAESTRO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MAESTRO_WORKSPACE_ROOTS", str(tmp_path / "roots"))
    config.settings.cache_clear()
    migrate(config.settings())
    return config.settings()


@pytest.fixture
async def owner(settings: Settings) -> AsyncIterator[User]:
    """The owner of an agent that is open."""
    async with running(settings) as owner:
        assert owner is not None
        yield owner


@pytest.fixture
async def other(owner: User) -> User:
    """Somebody else."""
    other = owner.model_copy(update={"id": new_id(), "email": "o@example.org", "provider": "google"})
    await writing(lambda store: store.add(UserRow(**other.model_dump(), provider_uid="1")))
    return other
