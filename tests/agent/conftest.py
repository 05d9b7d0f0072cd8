"""The agent, open on a database of each kind."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
import structlog

from agent import config
from agent.config import Settings
from agent.core.identity import User
from agent.running import migrate, running
from agent.sessions.turns.durable import DurableEngine
from agent.sessions.turns.engine import Ended, Recorder, Run
from agent.store import migrations
from agent.store.columns import new_id
from agent.store.engine import writing
from agent.store.users import UserRow
from tests import statements
from tests.servers import drop_database, new_database

statements.keep()

EMPTY = """
DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;  -- in any order
    FOR name IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'audit_entries')
    LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
END $$
"""
"""For the few rows of a test it takes a fourth of TRUNCATE, which makes the files of every table anew."""


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
        if connection.execute("SELECT to_regclass('dbos.workflow_status')").fetchone() != (None,):
            connection.execute("DELETE FROM dbos.workflow_status")
        connection.execute(EMPTY)
    return address


@pytest.fixture(scope="session")
def made_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with empty databases of the newest shape: to copy them takes a tenth of making them."""
    folder = tmp_path_factory.mktemp("databases")
    migrations.migrate(f"sqlite:///{folder / 'app.db'}")

    async def make_the_engines() -> None:
        engine = DurableEngine(
            f"sqlite:///{folder / 'engine.db'}", new_id(), _nobody, works=True, is_alone=True
        )
        await engine.open()
        await engine.close()

    asyncio.run(make_the_engines())
    return folder


async def _nobody(_run: Run, _recorder: Recorder) -> Ended:
    raise AssertionError


@pytest.fixture
def settings(
    emptied_database: str, made_before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings with a database at its newest shape."""
    if emptied_database.startswith("sqlite"):
        (tmp_path / "data").mkdir(mode=0o700)
        shutil.copy(made_before / "app.db", tmp_path / "app.db")
        shutil.copy(made_before / "engine.db", tmp_path / "data" / "engine.db")
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
    other = owner.model_copy(
        update={"id": new_id(), "email": "o@example.org", "provider": "google", "is_admin": False}
    )
    await writing(lambda store: store.add(UserRow(**other.model_dump(), provider_uid="1")))
    return other


@pytest.fixture
def open_to_guests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before there are settings: a server that is open to guests."""
    monkeypatch.setenv("MAESTRO_AUTH", "anonymous")


@pytest.fixture
async def ada(open_to_guests: None, settings: Settings) -> AsyncIterator[User]:  # noqa: ARG001  it comes first
    """Somebody who is known to an agent that is open to guests too."""
    async with running(settings) as owner:
        assert owner is None
        person = User(id=new_id(), email="ada@example.org", name="Ada", provider="google")
        await writing(lambda store: store.add(UserRow(**person.model_dump(), provider_uid="1")))
        yield person
