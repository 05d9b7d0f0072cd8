import pytest
from sqlalchemy.exc import IntegrityError

from agent.core.identity import Session, User
from agent.store.columns import now
from agent.store.engine import reading, writing
from agent.store.sessions import EventRow, SessionRow


@pytest.mark.parametrize("owners", [0, 2])
async def test_a_session_has_exactly_one_owner(owner: User, owners: int) -> None:
    both = {"user_id": owner.id, "anonymous_session_id": "browser"} if owners else {}
    row = SessionRow(model="m", mode="ask", workspace="/", **both)
    with pytest.raises(IntegrityError):
        await writing(lambda store: store.add(row))


@pytest.mark.usefixtures("owner")
async def test_an_anonymous_session_has_no_user() -> None:
    row = SessionRow(anonymous_session_id="browser", model="m", mode="ask", workspace="/")
    await writing(lambda store: store.add(row))
    kept = await reading(lambda store: store.get_one(SessionRow, row.id))
    assert (kept.user_id, kept.agent_state, kept.last_seq) == (None, {}, 0)
    await writing(lambda store: store.delete(store.get_one(SessionRow, row.id)))


@pytest.mark.parametrize("same", ["seq", "key"])
async def test_no_event_is_stored_twice(session: Session, same: str) -> None:
    first = {"session_id": session.id, "seq": 1, "key": "a", "type": "Noticed", "body": {}, "at": now()}
    second = {**first, "seq": 2, "key": "b", same: first[same]}
    await writing(lambda store: store.add(EventRow(**first)))
    with pytest.raises(IntegrityError):
        await writing(lambda store: store.add(EventRow(**second)))
