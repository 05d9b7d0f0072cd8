"""Tables of people and their ways in."""

# pyright: reportAssignmentType=false
# SQLAlchemy types __tablename__ as a declared attribute; SQLModel documents the plain string used here.

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from agent.store.columns import Id, Json, Utc, new_id, now


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
    """A browser that is known, as a person's or as an anonymous one; only the hash of its cookie is kept."""

    __tablename__ = "login_sessions"
    __table_args__ = (
        CheckConstraint(
            "(user_id IS NULL) <> (anonymous_session_id IS NULL)", name="ck_login_sessions_one_owner"
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=Id)
    user_id: str | None = Field(
        default=None, foreign_key="users.id", sa_type=Id, index=True, ondelete="CASCADE"
    )
    anonymous_session_id: str | None = Field(default=None, index=True)
    token_hash: str = Field(unique=True)
    browser: str = ""
    """What it says it is, shortened."""
    place: str = Field(default="", index=True)
    """The address it signed in from."""
    prompts: int = 0
    """Of an anonymous one, since `prompts_since`."""
    prompts_since: datetime | None = Field(default=None, sa_type=Utc)
    created_at: datetime = Field(default_factory=now, sa_type=Utc)
    last_used_at: datetime | None = Field(default=None, sa_type=Utc)
    expires_at: datetime = Field(sa_type=Utc)


class ApiTokenRow(SQLModel, table=True):
    """A program that may speak for a person; only the hash of its token is kept."""

    __tablename__ = "api_tokens"

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=Id)
    user_id: str = Field(foreign_key="users.id", sa_type=Id, index=True, ondelete="CASCADE")
    name: str
    token_hash: str = Field(unique=True)
    hint: str = ""
    """How the token begins, to know it again by."""
    source: str = "person"
    """Who made it: `person`, `device` (the device login) or `server` (the owner's, in the data folder)."""
    scopes: list[str] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    created_at: datetime = Field(default_factory=now, sa_type=Utc)
    expires_at: datetime | None = Field(default=None, sa_type=Utc)
    last_used_at: datetime | None = Field(default=None, sa_type=Utc)


class DeviceCodeRow(SQLModel, table=True):
    """A program that waits for a person to let it in; only the hashes of its codes are kept."""

    __tablename__ = "device_codes"

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=Id)
    device_hash: str = Field(unique=True)
    user_hash: str = Field(unique=True)
    client: str = ""
    """What it says it is."""
    place: str = ""
    """The address it asks from."""
    scopes: list[str] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    state: str = "pending"
    """`pending`, `approved` or `denied`."""
    user_id: str | None = Field(default=None, foreign_key="users.id", sa_type=Id, ondelete="CASCADE")
    """Who approved it."""
    interval: int
    """Seconds it has to leave between two polls."""
    polled_at: datetime | None = Field(default=None, sa_type=Utc)
    created_at: datetime = Field(default_factory=now, sa_type=Utc)
    expires_at: datetime = Field(sa_type=Utc, index=True)


class SignInRow(SQLModel, table=True):
    """Somebody is on the way to another server to sign in; taken away when they come back."""

    __tablename__ = "sign_ins"

    state_hash: str = Field(primary_key=True)
    purpose: str
    """`login` at our issuer, or `provider` for a credential."""
    owner: str
    """Who may come back: the hash of the browser's own cookie, or the id of the user."""
    sealed: bytes
    """What must be known again then: verifier, nonce, the way on."""
    expires_at: datetime = Field(sa_type=Utc, index=True)


class RequestKeyRow(SQLModel, table=True):
    """A request that must not be done twice, and what was answered."""

    __tablename__ = "request_keys"
    __table_args__ = (UniqueConstraint("user_id", "key_hash"),)

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=Id)
    user_id: str
    """Whose request; anonymous browsers have no row among the users."""
    key_hash: str
    request_hash: str
    """Of method, address and body: another request under the same key is refused."""
    status: int | None = None
    """Of the answer; None while it is being worked out."""
    answer: str = ""
    created_at: datetime = Field(default_factory=now, sa_type=Utc, index=True)


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
    created_at: datetime = Field(default_factory=now, sa_type=Utc)
    changed_at: datetime = Field(default_factory=now, sa_type=Utc)
    """When it was entered, or its token renewed."""
    renewing_until: datetime | None = Field(default=None, sa_type=Utc)
    """Until when one process has taken it on to renew the token."""
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
