"""Table of the programs that run beside the work."""

# pyright: reportAssignmentType=false
# SQLAlchemy types __tablename__ as a declared attribute; SQLModel documents the plain string used here.

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from agent.store.columns import Id, Utc, new_id, now


class JobRow(SQLModel, table=True):
    """A program a session has begun and does not wait for."""

    __tablename__ = "jobs"
    __table_args__ = (UniqueConstraint("session_id", "number"),)

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=Id)
    session_id: str = Field(foreign_key="sessions.id", sa_type=Id, ondelete="CASCADE")
    number: int
    """Counts up within the session, from 1."""
    command: str
    tail: str = ""
    """The end of what it has written."""
    reason: str = ""
    """Why it ended, as a code; empty while it runs."""
    exit_code: int | None = None
    is_stopping: bool = False
    """Whether somebody wished it to stop."""
    started_at: datetime = Field(default_factory=now, sa_type=Utc)
    seen_at: datetime = Field(default_factory=now, sa_type=Utc)
    """When the process it belongs to last said that it runs."""
    ended_at: datetime | None = Field(default=None, sa_type=Utc)
