"""The engine: one per process, SQLite on a laptop, PostgreSQL on a server."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from agent.core.errors import Unavailable

BUSY_TIMEOUT = 5000
"""Milliseconds a SQLite writer waits for another."""

_engines: list[AsyncEngine] = []


def connect(url: str) -> AsyncEngine:
    """Open the database; everything in this process uses it from here on."""
    engine = create_async_engine(url, **({} if _is_sqlite(url) else {"pool_size": 10, "pool_pre_ping": True}))
    if _is_sqlite(url):
        database = make_url(url).database
        if database:
            Path(database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    _engines.append(engine)
    return engine


async def disconnect() -> None:
    """Close the database."""
    while _engines:
        await _engines.pop().dispose()


@asynccontextmanager
async def reading() -> AsyncGenerator[AsyncSession, None]:
    """Open a session that only reads.

    Raises:
        Unavailable: the database does not answer.
    """
    async with _session(_engines[-1]) as session:
        yield session


@asynccontextmanager
async def writing() -> AsyncGenerator[AsyncSession, None]:
    """Open a session that writes; committed at the end, rolled back when anything is raised.

    Raises:
        Unavailable: the database is locked, full or gone; nothing was written.
    """
    async with _session(_engines[-1].execution_options(writing=True)) as session:
        yield session
        await session.commit()


@asynccontextmanager
async def _session(engine: AsyncEngine) -> AsyncGenerator[AsyncSession, None]:
    try:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            yield session
    except OperationalError as error:
        raise Unavailable("database", reason=str(error.orig)) from error


def _is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: `_begin_sqlite` says which kind.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    # A writer takes its lock at once: taken later, a lock held by another fails without waiting.
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
