"""Tables of people and their ways in."""

# pyright: reportAssignmentType=false
# SQLAlchemy types __tablename__ as a declared attribute; SQLModel documents the plain string used here.

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from agent.store.columns import Id, Utc, new_id, now


class UserRow(SQLModel, table=True):
    """A person; `provider` says who vouches for them."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("provider", "provider_uid"),)

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=Id)
    email: str = Field(unique=True)
    name: str
    provider: str
    provider_uid: str
    is_admin: bool = False
    created_at: datetime = Field(default_factory=now, sa_type=Utc)


class LoginSessionRow(SQLModel, table=True):
    """A browser that is signed in; only the hash of its cookie is kept."""

    __tablename__ = "login_sessions"

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=Id)
    user_id: str = Field(foreign_key="users.id", sa_type=Id, index=True, ondelete="CASCADE")
    token_hash: str = Field(unique=True)
    created_at: datetime = Field(default_factory=now, sa_type=Utc)
    expires_at: datetime = Field(sa_type=Utc)


class ApiTokenRow(SQLModel, table=True):
    """A program that may speak for a person; only the hash of its token is kept."""

    __tablename__ = "api_tokens"

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=Id)
    user_id: str = Field(foreign_key="users.id", sa_type=Id, index=True, ondelete="CASCADE")
    name: str
    token_hash: str = Field(unique=True)
    created_at: datetime = Field(default_factory=now, sa_type=Utc)


class LlmConfigurationRow(SQLModel, table=True):
    """A person's credential for a provider, sealed."""

    __tablename__ = "llm_configurations"
    __table_args__ = (UniqueConstraint("user_id", "provider", "auth_type"),)

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=Id)
    user_id: str = Field(foreign_key="users.id", sa_type=Id, ondelete="CASCADE")
    provider: str
    auth_type: str
    credentials: bytes
    hint: str = ""
    """The last four characters."""
    last_used_at: datetime | None = Field(default=None, sa_type=Utc)


class ToolPermissionRow(SQLModel, table=True):
    """Whether a person lets a tool run, and whether outside of the sandbox."""

    __tablename__ = "tool_permissions"
    __table_args__ = (UniqueConstraint("user_id", "tool_name"),)

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=Id)
    user_id: str = Field(foreign_key="users.id", sa_type=Id, ondelete="CASCADE")
    tool_name: str
    is_enabled: bool = True
    sandbox_bypassed: bool = False
