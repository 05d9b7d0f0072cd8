from sqlmodel import Session as Store
from sqlmodel import create_engine, select

from agent.config import Settings
from agent.store.attachments import AttachmentRow
from agent.store.migrations import migrate
from agent.store.sessions import SessionRow
from agent.store.users import UserRow


def test_a_file_that_waits_is_stored_whole_and_unsent(database_url: str) -> None:
    url = Settings(database_url=database_url).database
    migrate(url)
    engine = create_engine(url)
    with Store(engine) as store:
        user = UserRow(email="ada@example.org", name="Ada", provider="test", provider_uid="ada")
        session = SessionRow(user_id=user.id, model="m", mode="ask", workspace="/w")
        store.add(user)
        store.flush()
        store.add(session)
        store.flush()
        row = AttachmentRow(
            session_id=session.id, name="a.png", media_type="image/png", size=3, content="x" * 5_000_000
        )
        store.add(row)
        store.commit()
        found = store.exec(select(AttachmentRow)).one()
        assert (found.sent_at, len(found.content), session.draft) == (None, 5_000_000, "")
    engine.dispose()
