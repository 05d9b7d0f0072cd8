"""The agent as a whole: opened before the first request, closed after the last."""

import asyncio
import fcntl
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import make_url

from agent import accounts, providers, sessions
from agent.config import Settings
from agent.core.errors import Unavailable
from agent.core.identity import User
from agent.store import migrations
from agent.store.engine import connect, disconnect, is_sqlite


@asynccontextmanager
async def running(settings: Settings) -> AsyncGenerator[User | None, None]:
    """Open the database and wake the sessions that were cut off; gives the owner in local mode."""
    await asyncio.to_thread(_private, settings.data_dir)
    with alone(settings):
        connect(settings.database)
        async with _awake(settings) as owner:
            yield owner


@asynccontextmanager
async def _awake(settings: Settings) -> AsyncGenerator[User | None, None]:
    try:
        owner = None
        if settings.maestro_auth == "local":
            owner = await accounts.local_owner()
            await accounts.owners_token(owner, settings.data_dir / "api-token")
        await sessions.wake(settings)
        yield owner
    finally:
        await sessions.close()
        await providers.close()
        await disconnect()


@contextmanager
def alone(settings: Settings) -> Generator[None, None, None]:
    """Keep other processes from a SQLite database, which one process alone may serve.

    Raises:
        Unavailable: another has it.
    """
    file = make_url(settings.database).database if is_sqlite(settings.database) else None
    if not file:
        yield
        return
    Path(file).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with Path(f"{file}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Unavailable("database_in_use", file=file) from error
        yield


def _private(folder: Path) -> None:
    """Make the data folder, and keep other people of this machine out of it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)


def migrate(settings: Settings) -> None:
    """Bring the database to its newest shape.

    Raises:
        Unavailable: the database does not answer, or another process has it.
    """
    _private(settings.data_dir)
    with alone(settings):
        migrations.migrate(settings.database)
