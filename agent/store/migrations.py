"""Bringing a database to the newest shape."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from agent.core.errors import Unavailable
from agent.store.engine import connect

FOLDER = Path(__file__).parent.parent.parent / "alembic"


def migrate(url: str) -> None:
    """Bring the database to the newest shape; does nothing when it is there.

    Raises:
        Unavailable: the database does not answer.
    """
    engine = connect(url)
    try:
        with engine.execution_options(writing=True).begin() as connection:
            _upgrade(connection)
    except OperationalError as error:
        raise Unavailable("database", reason=str(error.orig)) from error
    finally:
        engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    head = ScriptDirectory.from_config(config).get_current_head()
    if MigrationContext.configure(connection).get_current_revision() != head:
        from alembic import command  # noqa: PLC0415  a database already at head saves its import

        config.attributes["connection"] = connection
        command.upgrade(config, "head")
