"""What every process can see of a job, whichever runs it; real programs run in the tests of `programs`."""

from datetime import timedelta

import pytest

from agent import sessions
from agent.core.errors import LimitReached, NotFound
from agent.core.identity import User
from agent.store.columns import now
from agent.store.engine import writing
from agent.store.jobs import JobRow
from agent.tooling import background


async def begun(session_id: str, *, seen: timedelta = timedelta()) -> JobRow:
    """A job that another process runs, seen so long ago."""
    row = await writing(lambda store: background._added(store, session_id, "sleep 60"))

    def age(store: background.Store) -> None:
        found = store.get(JobRow, row.id)
        assert found
        found.seen_at = now() - seen

    await writing(age)
    return row


async def test_a_job_of_another_process_is_seen_and_told_to_stop(owner: User) -> None:
    session = await sessions.create(owner)
    row = await begun(session.id)
    [job] = await background.listed(session.id)
    assert (job.number, job.state, job.command) == (1, "running", "sleep 60")
    await background.stop(session.id, 1)
    assert await writing(lambda store: background._seen(store, row.id, "the end")), "it hears of it"
    [job] = await background.listed(session.id)
    assert job.tail == "the end"


async def test_a_job_nobody_has_seen_for_long_is_lost_and_takes_no_place(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "MOST_RUNNING", 1)
    session = await sessions.create(owner)
    await begun(session.id, seen=timedelta(minutes=5))
    assert (await background.listed(session.id))[0].state == "lost"
    await begun(session.id)
    with pytest.raises(LimitReached):
        await begun(session.id)
    assert [job.number for job in await background.listed(session.id)] == [2, 1]


async def test_of_many_jobs_the_oldest_is_stopped_too(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "MOST_LISTED", 1)
    session = await sessions.create(owner)
    rows = [await begun(session.id), await begun(session.id)]
    await background.stop_all(session.id)
    for row in rows:
        assert await writing(lambda store, row=row: background._seen(store, row.id, ""))


async def test_a_job_is_its_sessions_alone(owner: User) -> None:
    session, other = await sessions.create(owner), await sessions.create(owner)
    await begun(session.id)
    assert await background.listed(other.id) == []
    with pytest.raises(NotFound):
        await background.stop(other.id, 1)


async def test_a_job_whose_row_is_gone_is_told_to_stop(owner: User) -> None:
    del owner
    nobody = "0198c0de-0000-7000-8000-000000000000"
    assert await writing(lambda store: background._seen(store, nobody, ""))


async def test_how_a_job_ended_is_kept(owner: User) -> None:
    session = await sessions.create(owner)
    row = await begun(session.id)
    ending = background.Ending(reason="exit", exit_code=3, backend="landlock")
    screen = background.Screen()
    screen.add(b"last words\n")
    await background._end(row.id, ending, screen)
    [job] = await background.listed(session.id)
    assert (job.state, job.reason, job.exit_code, job.tail) == ("ended", "exit", 3, "last words\n")
    assert job.ended_at is not None
