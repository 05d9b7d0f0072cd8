"""The log of a session as it lies in the database, read past the program."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import psycopg

PATIENCE = 20.0


@dataclass(frozen=True)
class Record:
    """One stored event."""

    seq: int
    body: dict[str, Any]

    @cached_property
    def text(self) -> str:
        return canonical(self.body)

    @property
    def type(self) -> str:
        return self.body["type"]

    @property
    def turn_id(self) -> str:
        return self.body["turn_id"]

    @property
    def script(self) -> dict[str, Any]:
        """The script a turn begins with."""
        return json.loads(self.body["prompt"][0]["text"])


def canonical(body: dict[str, Any]) -> str:
    """The same bytes for the same event: databases and programs order fields each in their way."""
    return json.dumps(body, sort_keys=True, ensure_ascii=False)


def log(address: str, session: str) -> list[Record]:
    """The events of a session, in order."""
    found = rows(address, "SELECT seq, body FROM events WHERE session_id = {id} ORDER BY seq", session)
    return [Record(seq, body if isinstance(body, dict) else json.loads(body)) for seq, body in found]


def last_seq(address: str, session: str) -> int:
    return rows(address, "SELECT last_seq FROM sessions WHERE id = {id}", session)[0][0]


def rows(address: str, query: str, session: str) -> list[tuple[Any, ...]]:
    """Ask a database about a session, `{id}` in the query."""
    if address.startswith("sqlite:///"):
        with closing(sqlite3.connect(address.removeprefix("sqlite:///"), timeout=PATIENCE)) as database:
            return database.execute(query.format(id="?"), [UUID(session).hex]).fetchall()
    with psycopg.connect(address) as database:
        return database.execute(query.format(id="%s"), [UUID(session)]).fetchall()
