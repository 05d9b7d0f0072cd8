"""What of the audit log a person may read: the entries about themselves."""

import json
from datetime import datetime

from pydantic import JsonValue

from agent.core.identity import User
from agent.core.messages import Value
from agent.store.audit import entries_of
from agent.store.engine import reading

PAGE = 100


class AuditEntry(Value):
    """What was decided, and why."""

    seq: int
    """Its place in the whole log; the numbers between belong to others."""
    at: datetime
    action: str
    session_id: str
    turn_id: str
    body: dict[str, JsonValue]
    hash: str


async def audit_entries(user: User, cursor: str = "") -> tuple[list[AuditEntry], str]:
    """A page of the entries about a person, the newest first, and the cursor of the next (empty: none)."""
    rows = await reading(lambda store: entries_of(store, user.id, int(cursor or 0), PAGE + 1))
    shown = [
        AuditEntry.model_validate(
            {**row.model_dump(include=set(AuditEntry.model_fields)), "body": json.loads(row.body)}
        )
        for row in rows[:PAGE]
    ]
    return shown, str(shown[-1].seq) if len(rows) > PAGE else ""
