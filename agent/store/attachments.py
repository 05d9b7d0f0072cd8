"""Table of the files that wait for a prompt to go with."""

# pyright: reportAssignmentType=false
# SQLAlchemy types __tablename__ as a declared attribute; SQLModel documents the plain string used here.

from datetime import datetime

from sqlmodel import Field, SQLModel

from agent.store.columns import Id, Utc, new_id, now


class AttachmentRow(SQLModel, table=True):
    """A file that a person has attached and not sent yet, or has just sent."""

    __tablename__ = "attachments"

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=Id)
    session_id: str = Field(foreign_key="sessions.id", sa_type=Id, index=True, ondelete="CASCADE")
    name: str
    media_type: str
    size: int
    """Bytes."""
    content: str
    """In base64."""
    created_at: datetime = Field(default_factory=now, sa_type=Utc)
    sent_at: datetime | None = Field(default=None, sa_type=Utc)
    """When a prompt took it; kept a while longer, as the same command may come twice."""
