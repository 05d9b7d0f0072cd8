"""When a cookie or a token was last used: written down beside the work, at most once a minute."""

import asyncio
import time

import structlog
from sqlmodel import Session as Store
from sqlmodel import col, update

from agent.core.errors import Unavailable
from agent.core.identity import Principal
from agent.store.columns import now
from agent.store.engine import writing
from agent.store.users import ApiTokenRow, LoginSessionRow

EVERY = 60.0
"""Seconds between two times that the same is written down."""
REMEMBERED = 10_000

logger = structlog.get_logger()
_due: dict[str, float] = {}
_writing: set[asyncio.Task[None]] = set()


def note(principal: Principal) -> None:
    """Have it written down that a cookie or a token is being used; nobody waits for it."""
    moment = time.monotonic()
    if moment < _due.get(principal.id, 0.0):
        return
    if len(_due) >= REMEMBERED:
        _due.clear()
    _due[principal.id] = moment + EVERY
    task = asyncio.create_task(_write(principal))
    _writing.add(task)
    task.add_done_callback(_writing.discard)


async def settle() -> None:
    """Wait until all is written that was noted so far, and forget when that was."""
    await asyncio.gather(*_writing)
    _due.clear()


async def _write(principal: Principal) -> None:
    table = LoginSessionRow if principal.way == "cookie" else ApiTokenRow

    def work(store: Store) -> None:
        store.exec(update(table).where(col(table.id) == principal.id).values(last_used_at=now()))

    try:
        await writing(work)
    except Unavailable as error:
        logger.debug("a last use was not written down", reason=error.code)
