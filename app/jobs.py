"""What runs beside the work of the session in a tab."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import reflex as rx
from pydantic import Field

from agent import sessions, tooling
from agent.core.identity import User
from app.shown import Beside, beside
from app.state import asked

LINGERS = timedelta(minutes=10)
"""How long a job is shown that has ended."""
MOST = 5
"""Jobs that are shown: those that run, then those that ended last."""


class JobsState(rx.State):
    """The programs that run beside the work, and those that ended last."""

    jobs: list[Beside] = []

    @rx.event
    @asked
    async def stop(self, user: User, session_id: str, number: Annotated[int, Field(ge=1, lt=10**9)]) -> None:
        """Stop one."""
        await tooling.stop_job(user, await sessions.get(user, session_id), number)


def shown_of(jobs: Iterable[tooling.Job], now: datetime) -> list[Beside]:
    """Those that run, the newest first, then those that ended a short while ago."""
    late = now - LINGERS
    kept = [job for job in jobs if job.state == "running" or (job.ended_at or late) > late]
    return beside(sorted(kept, key=lambda job: (job.state != "running", -job.number))[:MOST])


class Watching:
    """Looks after the jobs that a tab shows."""

    def __init__(self, tab: rx.State, user: User, session_id: str) -> None:
        self._tab, self._user, self._session_id = tab, user, session_id
        self._shown: list[Beside] = []

    async def look(self) -> None:
        """Show the jobs as they are."""
        session = await sessions.get(self._user, self._session_id)
        found = await tooling.jobs(self._user, session)
        shown = shown_of(found, datetime.now(UTC))
        if shown != self._shown:
            self._shown = shown
            async with self._tab:
                (await self._tab.get_state(JobsState)).jobs = shown

    async def look_if_running(self) -> None:
        """Show how they go on, while one runs."""
        if any(job.is_running for job in self._shown):
            await self.look()
