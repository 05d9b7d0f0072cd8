"""The engine: one per process, SQLite on a laptop, PostgreSQL on a server.

A piece of work runs whole in a thread of its own: one change of thread for a transaction, not one for each
of its statements.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlmodel import Session

from agent.core.errors import Invalid, Unavailable

T = TypeVar("T")

BUSY_TIMEOUT = 5000
"""Milliseconds a SQLite writer waits for one of another process."""
LAST_WORK = 5.0
"""Seconds that work may take which was begun before the database is closed."""
THREADS = 8
POSTGRES = {"connect_timeout": 5, "options": "-c lock_timeout=5000 -c statement_timeout=30000"}
"""Seconds to connect; milliseconds to wait for a lock, and for an answer."""
AWAY = {"25006", "25P03"}
"""What PostgreSQL calls its own errors: it may only be read, as after a failover; a transaction was idle."""

_engines: list[Engine] = []
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store")
_one_writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
"""SQLite has one writer at a time; ours wait here in order, in nobody's way who reads."""
_working: set[Future[Any]] = set()
"""What is being done right now; whoever waits for it may have been cancelled."""


def connect(url: str) -> Engine:
    """Open the database; everything in this process uses it from here on."""
    if not is_sqlite(url):
        engine = create_engine(url, pool_size=THREADS, pool_pre_ping=True, connect_args=POSTGRES)
    else:
        if database := make_url(url).database:
            Path(database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = create_engine(url, pool_size=THREADS, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    _engines.append(engine)
    return engine


async def disconnect() -> None:
    """Close the database, when what is being done in it is done."""
    await asyncio.to_thread(wait, list(_working), LAST_WORK)
    while _engines:
        await asyncio.to_thread(_engines.pop().dispose)


async def reading(work: Callable[[Session], T]) -> T:
    """Do work that only reads.

    Raises:
        Unavailable: the database does not answer.
    """
    return await _threaded(_threads, _read, work)


async def writing(work: Callable[[Session], T]) -> T:
    """Do work that writes, in one transaction: committed at its end, undone when it raises.

    Raises:
        Unavailable: the database is locked, full or gone; nothing was written.
    """
    one_at_a_time = _engines[-1].dialect.name == "sqlite"
    return await _threaded(_one_writer if one_at_a_time else _threads, _write, work)


def is_open() -> bool:
    """Whether there is a database to work with."""
    return bool(_engines)


def read(work: Callable[[Session], T]) -> T:
    """Do work that only reads in the thread that asks, which waits for it: never on the event loop.

    Raises:
        Unavailable: the database does not answer.
    """
    try:
        return _read(work)
    except (DBAPIError, PendingRollbackError, NoneFree) as error:
        _tell(error)


async def threaded(work: Callable[[Engine], T]) -> T:
    """Do work that needs the engine itself: transactions one after the other, a connection that is kept.

    Raises:
        Unavailable: the database does not answer.
    """
    return await _threaded(_threads, lambda work: work(_engines[-1]), work)


async def _threaded(
    threads: ThreadPoolExecutor, way: Callable[[Callable[[Any], T]], T], work: Callable[[Any], T]
) -> T:
    working = threads.submit(way, work)
    _working.add(working)
    working.add_done_callback(_working.discard)
    try:
        return await asyncio.wrap_future(working)
    except (DataError, UnicodeEncodeError, OverflowError) as error:
        raise Invalid("unstorable") from error  # NUL, half a character, a number beyond all columns
    except (DBAPIError, PendingRollbackError, NoneFree) as error:
        _tell(error)


def _tell(error: DBAPIError | PendingRollbackError | NoneFree) -> NoReturn:
    """Say that the database is away, where it is the reason."""
    if not _is_away(error):
        raise error
    raise Unavailable("database", reason=str(getattr(error, "orig", error))) from error


def _is_away(error: DBAPIError | PendingRollbackError | NoneFree) -> bool:
    """Whether the database is the reason, and not what was asked of it."""
    if not isinstance(error, DBAPIError) or isinstance(error, OperationalError | InterfaceError):
        return True
    return error.connection_invalidated or getattr(error.orig, "sqlstate", "") in AWAY


def _read(work: Callable[[Session], T]) -> T:
    with Session(_engines[-1], expire_on_commit=False) as store:
        return work(store)


def _write(work: Callable[[Session], T]) -> T:
    engine = _engines[-1].execution_options(writing=True)
    with Session(engine, expire_on_commit=False) as store:
        done = work(store)
        store.commit()
        return done


def is_sqlite(url: str) -> bool:
    """Whether an address is one of SQLite's.

    >>> is_sqlite("sqlite:///app.db")
    True
    """
    return url.startswith("sqlite")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: `_begin_sqlite` says which kind.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    # A writer takes its lock at once: taken later, a lock held by another fails without waiting.
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
