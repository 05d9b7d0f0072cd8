"""Tables of sessions and of what happened in them."""

# pyright: reportAssignmentType=false
# SQLAlchemy types __tablename__ as a declared attribute; SQLModel documents the plain string used here.

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

from agent.store.columns import Id, Json, Utc, new_id, now

CHANGING = frozenset({"write_file", "edit"})
"""Tools that change files of the workspace, and nothing else."""


class SessionRow(SQLModel, table=True):
    """A session; it belongs to a user or to an anonymous browser, never to both."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (anonymous_session_id IS NULL)", name="ck_sessions_one_owner"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=Id)
    user_id: str | None = Field(
        default=None, foreign_key="users.id", sa_type=Id, index=True, ondelete="CASCADE"
    )
    anonymous_session_id: str | None = Field(default=None, index=True)
    name: str = ""
    model: str
    fallbacks: list[str] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    mode: str
    workspace: str
    agent_state: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    last_seq: int = Field(default=0, sa_type=BigInteger)
    """The number of its newest event; counted up in the transaction that adds one."""
    turn_id: str | None = Field(default=None, index=True)
    """The turn that has begun and not ended; set and cleared with the events that say so."""
    turn_part: int = 1
    """Counts the executions of the turn: a parked one ends, and the next goes on."""
    is_parked: bool = False
    """Whether the turn waits for a person and nobody works on it."""
    queue: list[str] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    """The ids of the prompts that wait, which will be their turns', in order."""
    created_at: datetime = Field(default_factory=now, sa_type=Utc)
    updated_at: datetime = Field(default_factory=now, sa_type=Utc)
    has_changes: bool = False
    """Whether a tool began that changes files."""
    draft: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """What is typed and not sent yet."""
    pinned_at: datetime | None = Field(default=None, sa_type=Utc)
    archived_at: datetime | None = Field(default=None, sa_type=Utc)
    deleted_at: datetime | None = Field(default=None, sa_type=Utc)


class EventRow(SQLModel, table=True):
    """A durable event: the truth that transcript, page and API read."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_turn_id_type", "turn_id", "type"),)

    session_id: str = Field(foreign_key="sessions.id", primary_key=True, sa_type=Id, ondelete="CASCADE")
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    key: str = Field(unique=True)
    """Says the same thing twice, stored once."""
    turn_id: str = ""
    type: str
    body: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    at: datetime = Field(sa_type=Utc)


class ExecutorRow(SQLModel, table=True):
    """A process that works on turns; while its row is here and fresh, its turns are nobody else's."""

    __tablename__ = "executors"

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=Id)
    """New at each start."""
    beat_at: float
    """Seconds since 1970 by the database's clock: when it was last known to live."""
    host: str = ""
    """Says which machine, boot and space of process ids it lives in; empty where that cannot be said."""
    pid: int
    started_at: float
    """When the process began, as its machine says it: ids of processes are used again."""
