"""Programs that run beside the work: each has a row that every process can read, and a task that owns it."""

import asyncio
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Literal

import structlog
from sqlmodel import Session as Store
from sqlmodel import col, func, select

from agent.core.errors import LimitReached, NotFound, ToolFailed, Unavailable
from agent.core.messages import Value
from agent.store.columns import now
from agent.store.engine import reading, writing
from agent.store.jobs import JobRow
from agent.tooling._screen import Screen
from agent.tooling.sandbox import Confinement, Ending, Program, start

MOST_RUNNING = 8
"""Jobs of one session that run at once."""
MOST_LISTED = 50
PULSE = 1.0
"""Seconds between two looks at whether a job shall stop; then its output is stored, too."""
SAY_AGAIN = 10.0
"""Seconds after which a job that writes nothing is said to run still."""
LOST_AFTER = timedelta(seconds=30)
"""A job nobody has seen for so long ended with the process it belonged to."""
MOST_TAIL = 4000
"""Characters of its output that can be read while it runs."""

JobState = Literal["running", "ended", "lost"]
logger = structlog.get_logger()

_running: dict[str, Program] = {}
"""The programs of this process by the ids of their rows."""
_tasks: set[asyncio.Task[None]] = set()


class Job(Value):
    """A program that runs beside the work, or did."""

    number: int
    command: str
    state: JobState
    reason: str = ""
    """Why it ended: `exit`, `stopped`, `memory` …; empty while it runs."""
    exit_code: int | None = None
    tail: str = ""
    """The end of what it has written."""
    started_at: datetime
    ended_at: datetime | None = None


async def begin(session_id: str, command: str, confinement: Confinement) -> Job:
    """Start a command line and look after it until it ends.

    Raises:
        LimitReached: the session has too many running jobs.
        ToolFailed: nothing may run here.
    """
    row = await writing(lambda store: _added(store, session_id, command))
    begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(_look_after(row, confinement, begun))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    await begun
    return _job(row)


async def listed(session_id: str) -> list[Job]:
    """The jobs of a session, the newest first."""
    wanted = select(JobRow).where(JobRow.session_id == session_id).order_by(col(JobRow.number).desc())
    rows = await reading(lambda store: list(store.exec(wanted.limit(MOST_LISTED))))
    return [_job(row) for row in rows]


async def stop(session_id: str, number: int) -> Job:
    """Wish that a job stops; whichever process it belongs to stops it within a second or so.

    Raises:
        NotFound: the session has no such job.
    """

    def work(store: Store) -> JobRow:
        wanted = select(JobRow).where(JobRow.session_id == session_id, JobRow.number == number)
        row = store.exec(wanted).first()
        if row is None:
            raise NotFound("job")
        row.is_stopping = True
        return row

    row = await writing(work)
    if program := _running.get(row.id):
        program.stop()
    return _job(row)


async def stop_all(session_id: str) -> None:
    """Stop every job of a session."""
    open_ones = select(JobRow.number).where(JobRow.session_id == session_id, col(JobRow.ended_at).is_(None))
    for number in await reading(lambda store: [*store.exec(open_ones)]):
        await stop(session_id, number)


async def close() -> None:
    """Stop the jobs of this process, and wait until they are gone."""
    for task in list(_tasks):
        task.cancel()
    await asyncio.gather(*_tasks, return_exceptions=True)


def _added(store: Store, session_id: str, command: str) -> JobRow:
    own = select(JobRow).where(JobRow.session_id == session_id)
    running = [row for row in store.exec(own.where(col(JobRow.ended_at).is_(None))) if not _is_lost(row)]
    if len(running) >= MOST_RUNNING:
        raise LimitReached("jobs", most=MOST_RUNNING)
    last = store.exec(select(func.max(JobRow.number)).where(JobRow.session_id == session_id)).one()
    row = JobRow(session_id=session_id, number=(last or 0) + 1, command=command)
    store.add(row)
    store.flush()
    return row


async def _look_after(row: JobRow, confinement: Confinement, begun: asyncio.Future[None]) -> None:
    """Run a job to its end; how it began is told to whoever waits for it."""
    screen = Screen()
    ending: Ending | None = None
    try:
        async with start(row.command, confinement) as program:
            _running[row.id] = program
            begun.set_result(None)
            pulse = asyncio.create_task(_pulse(row.id, program, screen))
            try:
                async for _, written in program.output():
                    screen.add(written)
                ending = await program.ended()
            finally:
                pulse.cancel()
                await asyncio.wait({pulse})
    except ToolFailed as error:
        if not begun.done():
            begun.set_exception(error)
    finally:
        _running.pop(row.id, None)
        begun.cancel()
        await asyncio.shield(_end(row.id, ending, screen))


async def _pulse(job_id: str, program: Program, screen: Screen) -> None:
    """Say again and again that a job runs and what it wrote, and stop it when that is wished."""
    told, at = "", 0.0
    while True:
        await asyncio.sleep(PULSE)
        tail, now_at = screen.end(MOST_TAIL), time.monotonic()
        is_news = tail != told or now_at - at > SAY_AGAIN
        try:
            if is_news:
                shall_stop = await writing(lambda store, tail=tail: _seen(store, job_id, tail))
                told, at = tail, now_at
            else:
                shall_stop = await reading(lambda store: _is_unwanted(store.get(JobRow, job_id)))
            if shall_stop:
                program.stop()
        except Unavailable as error:
            logger.warning("job cannot be written down", job_id=job_id, reason=error.code)


def _seen(store: Store, job_id: str, tail: str) -> bool:
    """Write down that a job runs; gives whether it shall stop, as it must when its session is gone."""
    row = store.get(JobRow, job_id)
    if row:
        row.seen_at, row.tail = now(), tail
    return _is_unwanted(row)


def _is_unwanted(row: JobRow | None) -> bool:
    return row is None or row.is_stopping


async def _end(job_id: str, ending: Ending | None, screen: Screen) -> None:
    def work(store: Store) -> None:
        if row := store.get(JobRow, job_id):
            row.ended_at, row.tail = now(), screen.end(MOST_TAIL)
            row.reason = ending.reason if ending else "stopped"
            row.exit_code = ending.exit_code if ending else None

    with suppress(Unavailable):
        await writing(work)


def _is_lost(row: JobRow) -> bool:
    return row.ended_at is None and now() - row.seen_at > LOST_AFTER


def _job(row: JobRow) -> Job:
    state: JobState = "ended" if row.ended_at else "lost" if _is_lost(row) else "running"
    return Job(
        number=row.number,
        command=row.command,
        state=state,
        reason=row.reason,
        exit_code=row.exit_code,
        tail=row.tail,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
