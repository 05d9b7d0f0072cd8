from datetime import UTC, datetime

from agent.tooling import Job
from app.drawer.jobs import LONGEST_TAIL, jobs_shown

BEGAN = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)


def test_a_job_says_how_it_is_and_what_it_wrote_last() -> None:
    tail = "x" * LONGEST_TAIL + "end"
    running = Job(number=2, command="serve", state="running", started_at=BEGAN, tail=tail)
    done = Job(number=1, command="make", state="ended", reason="exit", exit_code=2, started_at=BEGAN)
    first, last = jobs_shown([running, done])
    assert (first.is_running, first.started, first.tail) == (True, "Started 12:30:00 UTC", tail[3:])
    assert (last.number, last.is_running, last.label) == (1, False, "ended with code 2")
