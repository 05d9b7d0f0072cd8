"""The live sessions of this process: one object per session, made when it is needed."""

import asyncio

import structlog

from agent.core.errors import MaestroError
from agent.sessions.stream.bus import bus
from agent.sessions.turns.engine import Ended, Recorder, Run
from agent.sessions.turns.live import LiveSession
from agent.sessions.turns.open_turns import set_aside

MOST_IDLE = 64
"""Live sessions kept with their history in memory while nothing happens in them."""

logger = structlog.get_logger()

_live: dict[str, LiveSession] = {}
_running: dict[Run, asyncio.Task[object]] = {}


def live_or_none(session_id: str) -> LiveSession | None:
    """The live session, if there is one."""
    return _live.get(session_id)


def is_running(run: Run) -> bool:
    """Whether a turn runs in this process."""
    return run in _running


async def live(session_id: str) -> LiveSession:
    """The live session, with its log as it stands; brought to life when it is not there.

    Raises:
        Unavailable: the database does not answer, or an event is damaged.
    """
    found = _kept(session_id)
    try:
        await found.refresh()
    except MaestroError:
        if not found.is_working:
            _live.pop(session_id, None)
        raise
    return found


def _kept(session_id: str) -> LiveSession:
    """The one object of a session; the last used stands last."""
    found = _live.pop(session_id, None) or LiveSession(session_id)
    _forget_the_idle()
    _live[session_id] = found
    return found


async def run(run: Run, recorder: Recorder, writer: str) -> tuple[Ended, Run | None]:
    """Run a turn in this process; see `LiveSession.work`. A session that cannot be read is set aside."""
    if task := asyncio.current_task():
        _running[run] = task
    try:
        with structlog.contextvars.bound_contextvars(session_id=run.session_id, turn_id=run.turn_id):
            return await _kept(run.session_id).work(run, recorder, writer)
    except MaestroError as error:
        logger.exception("turn cannot begin", session_id=run.session_id, turn_id=run.turn_id)
        if error.code == "event_damaged":
            await set_aside(run.session_id)
        return "parked", None
    finally:
        _running.pop(run, None)


async def close() -> None:
    """Stop all turns as a crash would, without a word: they go on at the next start, or elsewhere at once."""
    tasks = list(_running.values())
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    _live.clear()


def tell_snapshot(session_id: str) -> None:
    """Let those who follow elsewhere hear what is being said here."""
    found = live_or_none(session_id)
    if found and (snapshot := found.snapshot()):
        bus.publish(session_id, None, snapshot)


def _forget_the_idle() -> None:
    busy = {run.session_id for run in _running}
    idle = [session_id for session_id in _live if session_id not in busy]
    for session_id in idle[: max(0, len(idle) - MOST_IDLE)]:
        del _live[session_id]
