"""The agent as a whole: opened before the first request, closed after the last."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from agent import accounts, providers
from agent.config import Settings
from agent.core.identity import User
from agent.sessions import registry
from agent.store import migrations
from agent.store.engine import connect, disconnect


@asynccontextmanager
async def running(settings: Settings) -> AsyncGenerator[User | None, None]:
    """Open the database and wake the sessions that were cut off; gives the owner in local mode."""
    connect(settings.database)
    try:
        owner = None
        if settings.maestro_auth == "local":
            owner = await accounts.local_owner()
            await accounts.owners_token(owner, settings.data_dir / "api-token")
        await registry.wake()
        yield owner
    finally:
        await registry.close()
        await providers.close()
        await disconnect()


def migrate(settings: Settings) -> None:
    """Bring the database to its newest shape.

    Raises:
        Unavailable: the database does not answer.
    """
    migrations.migrate(settings.database)
