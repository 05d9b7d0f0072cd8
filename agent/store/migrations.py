"""Bringing a database to the newest shape."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from agent.store.engine import connect, disconnect

FOLDER = Path(__file__).parent.parent.parent / "alembic"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  its import costs 50 ms that a database already at head saves

    config = _config()
    head = ScriptDirectory.from_config(config).get_current_head()
    if MigrationContext.configure(connection).get_current_revision() != head:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


async def migrate(url: str) -> None:
    """Bring the database to the newest shape; does nothing when it is there.

    Args:
        url: the database's address, with an asynchronous driver.
    """
    engine = connect(url)
    try:
        async with engine.execution_options(writing=True).begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await disconnect()
