"""The agent as a whole: opened before the first request, closed after the last."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from agent import accounts, providers, sessions
from agent.config import Settings
from agent.core.identity import User
from agent.store import migrations
from agent.store.engine import connect, disconnect


@asynccontextmanager
async def running(settings: Settings) -> AsyncGenerator[User | None, None]:
    """Open the database and wake the sessions that were cut off; gives the owner in local mode."""
    await asyncio.to_thread(_private, settings.data_dir)
    connect(settings.database)
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


def _private(folder: Path) -> None:
    """Make the data folder, and keep other people of this machine out of it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)


def migrate(settings: Settings) -> None:
    """Bring the database to its newest shape.

    Raises:
        Unavailable: the database does not answer.
    """
    _private(settings.data_dir)
    migrations.migrate(settings.database)
