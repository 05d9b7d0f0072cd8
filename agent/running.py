"""The agent as a whole: opened before the first request, closed after the last."""

import asyncio
import fcntl
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import DBAPIError

from agent import accounts, providers, sessions, tooling
from agent.config import Settings
from agent.core.errors import Unavailable
from agent.core.identity import User
from agent.core.messages import Value
from agent.store import auditing, migrations
from agent.store.audit import Head
from agent.store.auditing import Verdict
from agent.store.engine import connect, disconnect, is_sqlite, reading, threaded

REDIS_ANSWERS_WITHIN = 2.0
"""Seconds; a server that needs longer counts as lost."""


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
    preparing: list[asyncio.Task[None]] = []
    try:
        owner = None
        if settings.maestro_auth == "local":
            owner = await accounts.local_owner()
            await accounts.owners_token(owner, settings.data_dir / "api-token")
        await sessions.wake(settings)
        if settings.maestro_role != "web":
            preparing.append(asyncio.create_task(tooling.prepare()))
        yield owner
    finally:
        for task in preparing:
            task.cancel()
        await asyncio.gather(*preparing, return_exceptions=True)
        await sessions.close()
        await tooling.close()
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


async def verify(settings: Settings, expected: str = "") -> Verdict:
    """Compare the audit log with its hashes.

    Args:
        settings: say which database; a server may have it open.
        expected: a head of the log that was kept elsewhere (`SEQ:HASH`), which it must still have.

    Raises:
        ValueError: what is expected is no head.
        Unavailable: the database does not answer, is not there, or has another shape.
    """
    head = Head.read(expected) if expected else Head()
    shape = await database_shape(settings)
    if shape.revision != shape.newest:
        raise Unavailable(
            "database", reason=f"{shape.address} has not the newest shape; run: maestro migrate"
        )
    async with _opened(settings):
        return await reading(lambda store: auditing.verify(store, head))


class Shape(Value):
    """Which shape a database has, and which it should have."""

    address: str
    """Without a password."""
    revision: str | None
    """None for an empty one."""
    newest: str


async def database_shape(settings: Settings) -> Shape:
    """Look at the database; nothing is made or changed.

    Raises:
        Unavailable: it does not answer, or is not there.
    """
    async with _opened(settings):
        revision = await threaded(_revision)
    return Shape(address=str(make_url(settings.database)), revision=revision, newest=migrations.newest())


async def reach_redis(settings: Settings) -> None:
    """Ask Redis whether it is there.

    Raises:
        Unavailable: it does not answer, or does not let us in.
    """
    from redis.asyncio import Redis  # noqa: PLC0415  one process alone needs none
    from redis.exceptions import RedisError  # noqa: PLC0415

    try:
        client = cast("Any", Redis).from_url(settings.redis_url, socket_timeout=REDIS_ANSWERS_WITHIN)
        async with client:
            await client.execute_command("PING")
    except (RedisError, OSError, ValueError) as error:
        raise Unavailable("redis", reason=str(error)) from error


async def sandbox_choice() -> tooling.sandbox.Choice:
    """Try which sandbox holds on this machine."""
    try:
        return await tooling.sandbox.choice()
    finally:
        await tooling.close()


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncGenerator[None]:
    file = make_url(settings.database).database if is_sqlite(settings.database) else None
    if file and not await asyncio.to_thread(Path(file).exists):
        raise Unavailable("database", reason=f"{file} is not there")
    connect(settings.database)
    try:
        yield
    except DBAPIError as error:
        raise Unavailable("database", reason=str(error.orig)) from error
    finally:
        await disconnect()


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return migrations.revision(connection)


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
