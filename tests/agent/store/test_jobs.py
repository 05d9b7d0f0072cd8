import pytest
from sqlalchemy.exc import IntegrityError

from agent import sessions
from agent.core.identity import User
from agent.store.engine import reading, writing
from agent.store.jobs import JobRow
from agent.store.sessions import SessionRow


async def test_a_number_is_given_once_in_a_session(owner: User) -> None:
    session = await sessions.create(owner)
    await writing(lambda store: store.add(JobRow(session_id=session.id, number=1, command="a")))
    with pytest.raises(IntegrityError):
        await writing(lambda store: store.add(JobRow(session_id=session.id, number=1, command="b")))


async def test_jobs_go_with_their_session(owner: User) -> None:
    session = await sessions.create(owner)
    row = JobRow(session_id=session.id, number=1, command="a")
    await writing(lambda store: store.add(row))
    await writing(lambda store: store.delete(store.get(SessionRow, session.id)))
    assert await reading(lambda store: store.get(JobRow, row.id)) is None
