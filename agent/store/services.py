"""Table of the services that agents may call, described by OpenAPI documents."""

# pyright: reportAssignmentType=false
# SQLAlchemy types __tablename__ as a declared attribute; SQLModel documents the plain string used here.

from datetime import datetime
from typing import Any

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from agent.store.columns import Id, Json, Utc, new_id, now


class OpenapiServiceRow(SQLModel, table=True):
    """A service of one person, its credentials sealed."""

    __tablename__ = "openapi_services"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=Id)
    user_id: str = Field(foreign_key="users.id", sa_type=Id, ondelete="CASCADE")
    name: str
    description: str
    """What is kept of its document, as JSON."""
    digest: str
    """Of the description: says when it is another one."""
    outline: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    """What the description says of itself, to be listed without reading all of it."""
    url: str = ""
    """Where the document was fetched; empty when it was given as text."""
    server: str
    """Where the service is asked."""
    credentials: bytes | None = None
    hint: str = ""
    """The last four characters of the credential."""
    is_enabled: bool = True
    created_at: datetime = Field(default_factory=now, sa_type=Utc)
    fetched_at: datetime = Field(default_factory=now, sa_type=Utc)
    """When the document was read."""
