"""Who asks, and what they work in."""

from datetime import datetime

from agent.core.messages import Value
from agent.core.policy import Mode


class User(Value):
    """A person known to this server."""

    id: str
    email: str
    name: str
    provider: str
    """Who vouches for them: `local`, `google` …"""
    is_admin: bool = False


class Session(Value):
    """A lasting exchange in one workspace."""

    id: str
    user_id: str
    name: str
    model: str
    fallbacks: tuple[str, ...] = ()
    """Models to ask, in this order, when `model` does not answer."""
    mode: Mode
    workspace: str
    """An absolute path."""
    last_seq: int
    created_at: datetime
    updated_at: datetime
