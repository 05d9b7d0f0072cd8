"""Runs migrations on the connection it is given, or on the settings' database from the command line."""

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

import agent.store.audit
import agent.store.jobs
import agent.store.rules
import agent.store.services
import agent.store.sessions
import agent.store.users  # noqa: F401  the tables register themselves
from agent.config import settings
from agent.store.engine import connect


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is None:
    with connect(settings().database).execution_options(writing=True).begin() as connection:
        run(connection)
else:
    run(given)
