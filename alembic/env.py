"""Runs migrations on the connection it is given, or on the settings' database from the command line."""

import asyncio

from sqlalchemy import Connection
from sqlmodel import SQLModel

import agent.store.sessions
import agent.store.users  # noqa: F401  the tables register themselves
from agent.config import settings
from agent.store.engine import connect, disconnect
from alembic import context


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_alone() -> None:
    engine = connect(settings().database)
    async with engine.execution_options(writing=True).begin() as connection:
        await connection.run_sync(run)
    await disconnect()


given = context.config.attributes.get("connection")
if given is None:
    asyncio.run(run_alone())
else:
    run(given)
