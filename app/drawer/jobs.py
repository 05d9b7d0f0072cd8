"""All programs that run beside the work of a session, or did."""

from collections.abc import Iterable
from dataclasses import dataclass

import reflex as rx

from agent import sessions, tooling
from agent.core.identity import User
from app.state import bring_up
from app.words import job_state
from app.words.drawer import STARTED

LONGEST_TAIL = 2000
"""Characters of what one has written."""


@dataclass
class JobShown:
    """A program that runs beside the work, or did."""

    number: int = 0
    command: str = ""
    label: str = ""
    started: str = ""
    tail: str = ""
    is_running: bool = False


class AllJobsState(rx.State):
    """The jobs that the drawer shows."""

    jobs: list[JobShown] = []


async def look(state: AllJobsState, user: User, session_id: str) -> None:
    """Read how they are."""
    found = await tooling.jobs(user, await sessions.get(user, session_id))
    bring_up(state, jobs=jobs_shown(found))


def jobs_shown(jobs: Iterable[tooling.Job]) -> list[JobShown]:
    """Jobs as the drawer shows them.

    >>> jobs_shown([])
    []
    """
    return [
        JobShown(
            number=job.number,
            command=job.command,
            label=job_state(job),
            started=STARTED.format(at=f"{job.started_at:%H:%M:%S}"),
            tail=job.tail[-LONGEST_TAIL:],
            is_running=job.state == "running",
        )
        for job in jobs
    ]
