"""Who asks, and what they work in."""

from datetime import datetime
from typing import Literal

from agent.core.messages import Value
from agent.core.policy import Mode

Scope = Literal["sessions:read", "sessions:write", "settings:read", "settings:write"]
"""What a token may be used for: to look at sessions or work in them, to look at settings or change them."""
SCOPES: tuple[Scope, ...] = ("sessions:read", "sessions:write", "settings:read", "settings:write")
ANONYMOUS = "anonymous"


class User(Value):
    """A person known to this server, or an anonymous browser."""

    id: str
    email: str
    name: str
    provider: str
    """Who vouches for them: `local`, `google` …; `anonymous` when nobody does."""
    is_admin: bool = False

    @property
    def is_anonymous(self) -> bool:
        """Whether it is a browser that nobody signed in with.

        >>> User(id="1", email="", name="Guest", provider="anonymous").is_anonymous
        True
        """
        return self.provider == ANONYMOUS


class Principal(Value):
    """Who asks, and by what: a browser's cookie, or a program's token with its scopes."""

    user: User
    way: Literal["cookie", "token"]
    id: str
    """Of the sign-in or the token, by which it is revoked."""
    scopes: tuple[Scope, ...] = SCOPES


class Session(Value):
    """A lasting exchange in one workspace."""

    id: str
    user_id: str | None
    anonymous_session_id: str | None = None
    """Whose it is when nobody signed in; exactly one of both is set."""
    name: str
    model: str
    fallbacks: tuple[str, ...] = ()
    """Models to ask, in this order, when `model` does not answer."""
    mode: Mode
    workspace: str
    """An absolute path."""
    last_seq: int
    has_changes: bool = False
    """Whether a tool began in it that changes files."""
    created_at: datetime
    updated_at: datetime
    pinned_at: datetime | None = None
    archived_at: datetime | None = None

    @property
    def owner(self) -> str:
        """The id of the user, or of the anonymous browser, that it belongs to."""
        return self.user_id or self.anonymous_session_id or ""

    def belongs_to(self, user: User) -> bool:
        """Whether it is somebody's: a guest and a person are two, whatever their ids.

        >>> from datetime import UTC, datetime
        >>> when = {"created_at": datetime.now(UTC), "updated_at": datetime.now(UTC)}
        >>> what = {"name": "", "model": "m", "mode": "ask", "workspace": "/w", "last_seq": 0}
        >>> session = Session(id="s", user_id="1", **what, **when)
        >>> ada = User(id="1", email="", name="Ada", provider="google")
        >>> session.belongs_to(ada), session.belongs_to(ada.model_copy(update={"provider": ANONYMOUS}))
        (True, False)
        """
        return user.id == (self.anonymous_session_id if user.is_anonymous else self.user_id)
