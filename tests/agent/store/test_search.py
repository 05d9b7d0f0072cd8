"""What of an event can be found; that it is found, the tests of searching show."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session as Store
from sqlmodel import col, func, select

from agent.config import Settings
from agent.core.events import (
    CheckpointRestored,
    CheckpointSaved,
    PromptSteered,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.messages import File, Message, Text, Thinking, ToolCall, ToolResult
from agent.core.search_query import parse
from agent.store.columns import Id, Json, Utc, new_id
from agent.store.engine import connect
from agent.store.migrations import migrate
from agent.store.search import FIRST, LAST, Folded, PassageRow, found_in, passages
from agent.store.sessions import SessionRow
from tests.agent.store.test_migrations import alembic


def old(name: str, ids: str, times: str, json: str, rest: str) -> sa.TableClause:
    """A table as an earlier version knew it."""
    kinds = {Id: ids, Utc(): times, Json: json, None: rest}
    return sa.table(name, *(sa.column(one, kind) for kind, names in kinds.items() for one in names.split()))


OLD_USERS = old("users", "id", "created_at", "", "email name provider provider_uid is_admin")
OLD_SESSIONS = old(
    "sessions",
    "id user_id",
    "created_at updated_at",
    "fallbacks agent_state queue",
    "name model mode workspace last_seq turn_part is_parked",
)
OLD_EVENTS = old("events", "session_id", "at", "body", "seq key type turn_id")


def test_words_of_people_and_models_can_be_found_thinking_and_files_not() -> None:
    prompt = (Text(text="Look at this"), File(media_type="image/png", data="aGlkZGVu", name="cat.png"))
    [started] = passages(TurnStarted(turn_id="t", prompt=prompt, model="m", mode="ask"))
    assert (started.kind, started.row_id, started.text) == ("prompt", "t", "Look at this[cat.png]")
    [steered] = passages(PromptSteered(turn_id="t", prompt_id="p", prompt=(Text(text="Stop"),)))
    assert (steered.kind, steered.row_id) == ("prompt", "p")
    parts = (Thinking(text="hidden"), Text(text="A cat"), Text(text=" "))
    step = StepFinished(turn_id="t", message=Message(role="assistant", parts=parts), stop="end_turn")
    assert [(one.part, one.kind, one.text) for one in passages(step)] == [(1, "answer", "A cat")]
    assert passages(TurnFinished(turn_id="t", reason="error", error="rate")) == []


def test_a_call_is_found_by_its_arguments_however_deep_and_by_its_result() -> None:
    call = ToolCall(id="c", name="edit", arguments={"path": "a.md", "n": 7, "edits": [{"new": "milk"}]})
    step = StepFinished(message=Message(role="assistant", parts=(call,)), stop="tool_use")
    [asked] = passages(step)
    assert (asked.kind, asked.row_id, asked.text.split()) == ("tool", "c", ["edit", "a.md", "milk"])
    [told] = passages(ToolCallFinished(result=ToolResult(call_id="c", outcome="ok", text="done")))
    assert (told.kind, told.row_id, told.text) == ("tool", "c", "done")


def test_of_a_long_result_the_beginning_and_the_end_are_found() -> None:
    text = "a" * FIRST + "b" * 100_000 + "c" * LAST
    [told] = passages(ToolCallFinished(result=ToolResult(call_id="c", outcome="ok", text=text)))
    assert told.text == "a" * FIRST + "\n…\n" + "c" * LAST


def test_words_are_written_as_each_database_reads_them() -> None:
    assert Folded().process_bind_param(["a", "b"], sqlite.dialect()) == "a b"
    assert Folded().process_bind_param(["a", "b"], postgresql.dialect()) == "a:1 b:2"


@pytest.mark.parametrize("revision", ["0001", "0002", "0006", "0007"])
def test_what_was_said_before_there_was_an_index_is_found(database_url: str, revision: str) -> None:
    address = Settings(database_url=database_url).database
    engine = create_engine(address)
    user_id, session_id, now = new_id(), new_id(), datetime.now(UTC)
    happened = [
        TurnStarted(turn_id="t", prompt=(Text(text="Buy milk"),), model="m", mode="edit"),
        CheckpointSaved(id="c"),
        ToolCallStarted(turn_id="t", call=ToolCall(id="1", name="edit", arguments={}), effect="once"),
        ToolCallFinished(turn_id="t", result=ToolResult(call_id="1", outcome="ok", text="gone")),
        CheckpointRestored(id="c", seq=2),
    ]
    with engine.begin() as connection:
        command.upgrade(alembic(connection), revision)
        user = {"id": user_id, "email": "a@example.org", "name": "Ada", "provider": "test"}
        connection.execute(
            OLD_USERS.insert(), {**user, "provider_uid": "1", "is_admin": False, "created_at": now}
        )
        times = {"created_at": now, "updated_at": now, "last_seq": len(happened)}
        session = {"id": session_id, "user_id": user_id, "name": "Shopping", "model": "m", "mode": "ask"}
        kept = {"workspace": "/w", "fallbacks": [], "agent_state": {}, "queue": [], "turn_part": 1}
        columns = {column["name"] for column in sa.inspect(connection).get_columns("sessions")}
        values = {**session, **times, **kept, "is_parked": False}
        known = {name: value for name, value in values.items() if name in columns}
        connection.execute(OLD_SESSIONS.insert(), known)
        for seq, event in enumerate(happened, 1):
            body = {"body": event.model_dump(mode="json"), "type": event.type, "turn_id": event.turn_id}
            row = {"session_id": session_id, "seq": seq, "key": str(seq), "at": now}
            connection.execute(OLD_EVENTS.insert(), {**row, **body})
        connection.execute(
            OLD_EVENTS.insert(),
            {
                "session_id": session_id,
                "seq": 9,
                "key": "9",
                "at": now,
                "type": "Lost",
                "turn_id": "",
                "body": {},
            },
        )
    engine.dispose()
    migrate(address)
    engine = connect(address)
    with Store(engine) as store:
        found = store.exec(select(PassageRow.seq, PassageRow.kind).order_by(col(PassageRow.id))).all()
        assert [tuple(row) for row in found] == [(0, "title"), (1, "prompt")]
        for asked, is_found in {"milk": True, "shop": True, "gone": False}.items():
            wanted = select(SessionRow.id).where(found_in(engine.dialect.name, parse(asked)))
            assert bool(store.exec(wanted).all()) is is_found
        assert store.exec(select(SessionRow.has_changes)).one() is True
        store.delete(store.exec(select(SessionRow)).one())
        store.commit()
        assert store.exec(select(func.count()).select_from(PassageRow)).one() == 0
        assert not store.exec(select(SessionRow.id).where(found_in(engine.dialect.name, parse("milk")))).all()
    engine.dispose()
