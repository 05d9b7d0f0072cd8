"""The processes that work on turns: who lives, who is dead, and who may go on with a dead one's turns."""

import os
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import structlog
from sqlalchemy import Engine, Float, cast, create_engine, delete, func, literal_column, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select

from agent.core.errors import Unavailable
from agent.store.columns import new_id
from agent.store.engine import is_sqlite, reading, writing
from agent.store.sessions import ExecutorRow

BEATS = 4
"""Beats of the heart in the time after which a silent process counts as dead."""
EARLY = 0.8
"""A process that could not beat for this part of that time ends itself, before others take over."""
SILENT = 75
"""The exit code then; the one of `EX_TEMPFAIL`: start it again."""
LONGEST_ADOPTION = 20
"""Seconds after which PostgreSQL takes the lock from a process that is frozen while it has it."""
ADOPTING = 0x6D61_6573_7472_6F
"""PostgreSQL's advisory lock for going on with the turns of the dead: one process at a time."""

logger = structlog.get_logger()


class Executor:
    """This process among those that work on turns of one database."""

    def __init__(self, url: str, lease: float) -> None:
        self.id = new_id()
        self._url = url
        self._lease = lease
        self._stopped = threading.Event()
        self._last = time.monotonic()
        self._threads: list[threading.Thread] = []

    async def join(self) -> None:
        """Become known. From here on this process must beat, where others could take its turns over."""
        row = ExecutorRow(id=self.id, beat_at=0, host=here(), pid=os.getpid(), started_at=began(os.getpid()))

        def begin(store: Session) -> None:
            store.add(row)
            store.flush()
            beat(store, self.id)  # at once: others bury a row without a beat

        await writing(begin)
        if is_sqlite(self._url):
            return  # one process alone has this file; nobody waits for its heart
        self._last = time.monotonic()
        for work in (self._beat, self._watch):
            thread = threading.Thread(target=work, name=f"executor-{work.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)

    async def leave(self) -> None:
        """Be dead for the others from now on: what is left open here, they may go on with at once."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        gone = update(ExecutorRow).where(col(ExecutorRow.id) == self.id).values(beat_at=0, host="")
        try:
            await writing(lambda store: store.exec(gone))
        except Unavailable as error:
            logger.warning("left without a word", reason=error.code)  # others find out by our silence

    async def sees_dead(self) -> bool:
        """Whether there are executors that live no more."""

        def work(store: Session) -> bool:
            return bool(known(store) - alive(store, self._lease))

        return await reading(work)

    def _beat(self) -> None:
        """Say again and again that this process lives; on a connection of its own, in a thread of its own."""
        beats = self._lease / BEATS
        patience = {"connect_timeout": 5, "options": f"-c statement_timeout={int(beats * 1000)}"}
        database = create_engine(self._url, pool_size=1, max_overflow=0, connect_args=patience)
        try:
            while not self._stopped.wait(beats):
                self._beat_once(database)
        finally:
            database.dispose()

    def _beat_once(self, database: Engine) -> None:
        began_at = time.monotonic()
        try:
            with Session(database) as store:
                is_known = beat(store, self.id)
                store.commit()
        except SQLAlchemyError as error:
            logger.warning("no heartbeat", reason=str(error).partition("\n")[0])
            return
        if not is_known:
            self._end("Another process goes on with the turns of this one, which was silent for too long.")
        self._last = began_at

    def _watch(self) -> None:
        """End the process in time, even when its heart stands still in the middle of a beat."""
        while not self._stopped.wait(self._lease / BEATS / 4):
            if time.monotonic() - self._last > EARLY * self._lease:
                self._end("The database has not answered for too long; others may go on with its turns.")

    def _end(self, why: str) -> None:
        if not self._stopped.is_set():
            print(f"maestro: {why} It must be started again.", file=sys.stderr, flush=True)  # noqa: T201
            os._exit(SILENT)


def beat(store: Session, executor_id: str) -> bool:
    """Say that an executor lives, within a transaction; False when the others have buried it."""
    said = update(ExecutorRow).where(col(ExecutorRow.id) == executor_id).values(beat_at=clock(store))
    return store.exec(said).rowcount > 0


def clock(store: Session) -> ColumnElement[float]:
    """Seconds since 1970 by the database's clock, which is the same for everybody."""
    if store.get_bind().dialect.name == "sqlite":
        return literal_column("(julianday('now') - 2440587.5) * 86400.0")
    return cast(func.extract("epoch", func.clock_timestamp()), Float)


def known(store: Session) -> set[str]:
    """The executors that nobody has buried."""
    return set(store.exec(select(ExecutorRow.id)))


def alive(store: Session, lease: float) -> set[str]:
    """The executors that live, as far as one can know."""
    rows = store.exec(select(ExecutorRow, col(ExecutorRow.beat_at) < clock(store) - lease)).all()
    silence_kills = store.get_bind().dialect.name != "sqlite"
    return {row.id for row, is_silent in rows if not (is_silent and silence_kills) and not is_gone(row)}


def bury(store: Session, dead: set[str]) -> None:
    """Take the rows of the dead away: from then on they can write no more."""
    store.exec(delete(ExecutorRow).where(col(ExecutorRow.id).in_(dead)))


@contextmanager
def adopting(database: Engine) -> Generator[bool]:
    """Be the only one that goes on with turns of the dead; False when another is at it."""
    if database.dialect.name == "sqlite":
        yield True
        return
    with database.connect() as connection:
        connection.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = {LONGEST_ADOPTION * 1000}"))
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": ADOPTING}).scalar()
        try:
            yield bool(taken)
        finally:
            if taken:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADOPTING})


def here() -> str:
    """Says which machine, boot and space of process ids this is; empty where it cannot be said.

    Source: proc(5), namespaces(7).
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115  it names no file
    except OSError:
        return ""


def began(pid: int) -> float:
    """When a process of this machine began, in ticks since boot; 0 when there is none or one cannot say.

    >>> began(os.getpid()) == began(os.getpid()), began(0)
    (True, 0.0)

    Source: proc_pid_stat(5), field 22; a zombie has ended.
    """
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return 0.0
    return 0.0 if fields[0] in "ZX" else float(fields[19])


def is_gone(row: ExecutorRow) -> bool:
    """Whether an executor was a process of this machine and runs no more."""
    return bool(row.host) and row.host == here() and began(row.pid) != row.started_at
