"""What an older version left open or waiting is known to the newer one, and back."""

import json
from datetime import UTC, datetime
from typing import Any

from alembic import command
from sqlalchemy import Connection, bindparam, create_engine, inspect, text

from agent.store.columns import Id, Utc, new_id
from agent.store.migrations import newest, revision
from tests.agent.store.test_migrations import alembic, url

NOW = datetime(2026, 1, 2, tzinfo=UTC)

Log = list[tuple[str, str]]
"""The types of a session's events, each with its turn."""
LOGS: dict[str, tuple[Log, str | None, list[str]]] = {
    "nothing said": ([], None, []),
    "done": ([("TurnStarted", "a"), ("StepFinished", "a"), ("TurnFinished", "a")], None, []),
    "open": ([("TurnStarted", "a"), ("StepFinished", "a")], "a", []),
    "open after another": ([("TurnStarted", "a"), ("TurnFinished", "a"), ("TurnStarted", "b")], "b", []),
    "waiting": (
        [("TurnStarted", "a"), *(("PromptQueued", turn) for turn in "dcb"), ("PromptDropped", "c")],
        "a",
        ["d", "b"],
    ),
    "the first has begun": (
        [
            ("TurnStarted", "a"),
            ("PromptQueued", "b"),
            ("PromptQueued", "c"),
            ("TurnFinished", "a"),
            ("TurnStarted", "b"),
        ],
        "b",
        ["c"],
    ),
    "cut off before the next began": (
        [("TurnStarted", "a"), ("PromptQueued", "b"), ("TurnFinished", "a")],
        None,
        ["b"],
    ),
}


def filled(connection: Connection) -> dict[str, str]:
    """Write the logs as version 0001 did; gives the sessions' ids by name."""
    user = new_id()
    _insert(
        connection,
        "users",
        {"id": user, "email": "a@example.org", "name": "A", "provider": "p", "provider_uid": "1"}
        | {"is_admin": False, "created_at": NOW},
    )
    made = {name: new_id() for name in LOGS}
    for name, (log, _, _) in LOGS.items():
        row = {"id": made[name], "user_id": user, "name": name, "model": "m", "mode": "ask", "workspace": "/"}
        row |= {"agent_state": "{}", "last_seq": len(log), "created_at": NOW, "updated_at": NOW}
        _insert(connection, "sessions", row)
        for seq, (kind, turn_id) in enumerate(log, 1):
            event = {
                "session_id": made[name],
                "seq": seq,
                "key": f"{name}{seq}",
                "turn_id": turn_id,
                "type": kind,
            }
            _insert(connection, "events", {**event, "body": json.dumps({"type": kind}), "at": NOW})
    return made


def _insert(connection: Connection, table: str, row: dict[str, Any]) -> None:
    is_json = {"agent_state", "body"} if connection.dialect.name == "postgresql" else set[str]()
    values = ", ".join(f"CAST(:{name} AS JSONB)" if name in is_json else f":{name}" for name in row)
    types = {"id": Id, "user_id": Id, "session_id": Id, "at": Utc, "created_at": Utc, "updated_at": Utc}
    statement = text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})")  # noqa: S608
    typed = (bindparam(name, type_=kind) for name, kind in types.items() if name in row)
    connection.execute(statement.bindparams(*typed), row)


def test_open_turns_and_waiting_prompts_are_carried_over_and_back(database_url: str) -> None:
    engine = create_engine(url(database_url))
    with engine.begin() as connection:
        command.upgrade(alembic(connection), "0001")
        made = filled(connection)
    with engine.begin() as connection:
        command.upgrade(alembic(connection), "head")
        assert revision(connection) == newest()
        command.check(alembic(connection))
    with engine.begin() as connection:
        asked = "SELECT name, turn_id, queue, turn_part, is_parked FROM sessions"
        for name, turn_id, queue, part, is_parked in connection.execute(text(asked)):
            waiting = json.loads(queue) if isinstance(queue, str) else queue
            assert (turn_id, waiting, part, bool(is_parked)) == (*LOGS[name][1:], 1, False), name
    with engine.begin() as connection:
        command.downgrade(alembic(connection), "0001")
        columns = {column["name"] for column in inspect(connection).get_columns("sessions")}
        assert columns.isdisjoint({"turn_id", "queue", "turn_part", "is_parked"})
        assert "executors" not in inspect(connection).get_table_names()
        count = text("SELECT count(*) FROM events")
        assert connection.execute(count).scalar() == sum(len(log) for log, _, _ in LOGS.values())
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar() == len(made)
    with engine.begin() as connection:
        command.upgrade(alembic(connection), "head")
    engine.dispose()
