"""Runs migrations on the connection it is given, or on the settings' database from the command line."""

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

import agent.store.attachments
import agent.store.audit
import agent.store.jobs
import agent.store.rules
import agent.store.search
import agent.store.services
import agent.store.sessions
import agent.store.users
from agent.config import settings
from agent.store.engine import connect


def is_known(name: str | None, _kind: str, _parents: object) -> bool:
    """Whether the tables of the code say of it; they cannot of the index for searching, and of its parts."""
    return not (name or "").startswith(agent.store.search.INDEX.name)


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        include_name=is_known,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is None:
    with connect(settings().database).execution_options(writing=True).begin() as connection:
        run(connection)
else:
    run(given)
