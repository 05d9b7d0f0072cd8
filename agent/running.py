"""The agent as a whole: opened before the first request, closed after the last."""

import asyncio
import fcntl
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, cast

import structlog
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import DBAPIError

from agent import accounts, providers, sessions, tooling
from agent.config import Settings
from agent.core.errors import Unavailable
from agent.core.identity import User
from agent.core.messages import Value
from agent.store import auditing, migrations, rotation, sealing
from agent.store.audit import Head
from agent.store.auditing import Verdict
from agent.store.engine import connect, disconnect, is_sqlite, reading, threaded
from agent.store.rotation import Rotated
from agent.store.sealed import heads

ANSWERS_WITHIN = 2.0
"""Seconds; a Redis or a database that needs longer counts as lost."""

logger = structlog.get_logger()


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
        await accounts.close()
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
    await _require_shape(settings)
    async with _opened(settings):
        return await reading(lambda store: auditing.verify(store, head))


async def check_keys(settings: Settings) -> None:
    """Refuse to go on without the key by which credentials were sealed; nothing is made or changed.

    Raises:
        Unavailable: the key is gone, cannot be used, or is another one; or the database does not answer.
    """
    async with _opened(settings):
        sealed = await reading(heads)
    known = await asyncio.to_thread(sealing.key_heads)
    lost = sealed.total() - sum(sealed[head] for head in known)
    if lost and lost == sealed.total():
        raise Unavailable("secret_key_other" if known else "secret_key_gone", count=lost)
    if lost:
        logger.warning("credentials were sealed by keys that are not there", count=lost)


async def rotate(settings: Settings, *, forgets: bool) -> Rotated:
    """Seal everything anew under the first key; a server may go on meanwhile.

    Args:
        settings: say which database, and hold the keys.
        forgets: whether to remove what no key opens.

    Raises:
        Unavailable: there is no key, or the database does not answer, is not there, or has another shape.
    """
    await _require_shape(settings)
    async with _opened(settings):
        return await rotation.rotate(forgets=forgets)


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


async def _require_shape(settings: Settings) -> None:
    shape = await database_shape(settings)
    if shape.revision != shape.newest:
        reason = f"{shape.address} has not the newest shape; run: maestro migrate"
        raise Unavailable("database", reason=reason)


async def reach_redis(settings: Settings) -> None:
    """Ask Redis whether it is there.

    Raises:
        Unavailable: it does not answer, or does not let us in.
    """
    from redis.asyncio import Redis  # noqa: PLC0415  one process alone needs none
    from redis.exceptions import RedisError  # noqa: PLC0415

    try:
        client = cast("Any", Redis).from_url(settings.redis_url, socket_timeout=ANSWERS_WITHIN)
        async with client:
            await client.execute_command("PING")
    except (RedisError, OSError, ValueError) as error:
        raise Unavailable("redis", reason=str(error)) from error


async def unready(settings: Settings) -> list[str]:
    """What a running server stands on and is not there: `database`, its `shape`, `redis`, `turns`."""
    checks = [_database_is_ready()]
    if settings.redis_url:
        checks.append(_redis_is_ready(settings))
    missing = [part for part in await asyncio.gather(*checks) if part]
    return [*missing, *([] if sessions.is_awake() else ["turns"])]


async def _database_is_ready() -> str:
    try:
        async with asyncio.timeout(ANSWERS_WITHIN):
            newest = await asyncio.to_thread(migrations.newest)
            return "" if await threaded(_revision) == newest else "shape"
    except (Unavailable, TimeoutError, LookupError):
        return "database"


async def _redis_is_ready(settings: Settings) -> str:
    try:
        await reach_redis(settings)
    except Unavailable:
        return "redis"
    return ""


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
