"""Jobs in a tab; what really runs has tests of its own."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from agent.tooling import Job
from app.jobs import shown_of
from tests.app.serving import Server
from tests.app.tabs import STATE, opened

JOBS = f"{STATE}.app___jobs____jobs_state"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def job(number: int, *, ended: timedelta | None = None) -> Job:
    return Job(
        number=number,
        command=f"job {number}",
        state="running" if ended is None else "ended",
        reason="" if ended is None else "exit",
        exit_code=None if ended is None else 0,
        started_at=NOW - timedelta(hours=1),
        ended_at=None if ended is None else NOW - ended,
    )


def test_what_runs_comes_first_and_what_ended_long_ago_is_gone() -> None:
    jobs = [job(1), job(2, ended=timedelta(minutes=1)), job(3, ended=timedelta(hours=1)), job(4)]
    assert [(each.number, each.is_running) for each in shown_of(jobs, NOW)] == [
        (4, True),
        (1, True),
        (2, False),
    ]


def test_of_many_jobs_a_few_are_shown() -> None:
    assert len(shown_of([job(number) for number in range(1, 9)], NOW)) == 5


@pytest.mark.parametrize("number", [1, 0, -1, 10**30])
async def test_a_job_there_is_not_is_told(server: Server, api: httpx2.Client, number: int) -> None:
    session = api.post("sessions", json={}).json()["id"]
    async with opened(server, f"/s/{session}") as tab:
        await tab.send(f"{JOBS}.stop", {"session_id": session, "number": number})
        await tab.until(lambda: tab.sentence)
