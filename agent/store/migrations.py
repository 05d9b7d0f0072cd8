"""Bringing a database to the newest shape."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from agent.core.errors import Unavailable
from agent.store.engine import connect

FOLDER = Path(__file__).parent.parent.parent / "alembic"

MIGRATING = 0x6D69_6772_6174_65
"""PostgreSQL's advisory lock for migrating."""


def migrate(url: str) -> None:
    """Bring the database to the newest shape; does nothing when it is there.

    Raises:
        Unavailable: the database does not answer.
    """
    engine = connect(url)
    try:
        with engine.execution_options(writing=True).connect() as connection:
            _let_tables_be_made_anew(connection)
            with connection.begin():
                _wait_for_others(connection)
                if revision(connection) != newest():
                    _upgrade(connection)
    except OperationalError as error:
        raise Unavailable("database", reason=str(error.orig)) from error
    finally:
        engine.dispose()


def _let_tables_be_made_anew(connection: Connection) -> None:
    """Keep what hangs on a table while it is made anew: SQLite would remove it with the old one.

    Its driver is spoken to itself: within a transaction SQLite does not listen.
    """
    driver = connection.connection.driver_connection
    if connection.dialect.name == "sqlite" and driver is not None:
        driver.execute("PRAGMA foreign_keys=OFF")


def _wait_for_others(connection: Connection) -> None:
    """Let one process after the other migrate; on SQLite there is but one."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})


def newest() -> str:
    """The newest revision there is; their files are named `NUMBER_what.py` and their numbers count up."""
    return max(file.name.partition("_")[0] for file in (FOLDER / "versions").glob("[0-9]*.py"))


def revision(connection: Connection) -> str | None:
    """The revision a database has; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    # Here and not above: a database that is up to date saves 0.15 s at each start.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
