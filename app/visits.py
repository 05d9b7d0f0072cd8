"""First visits: who gets a cookie without signing in, the owner of this machine or a guest."""

from secrets import compare_digest
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Scope

from agent import accounts
from agent.config import LOOPBACK, Settings
from agent.core.identity import User
from app.auth import cookie_header


class Visits:
    """What a browser gets that nobody knows yet."""

    def __init__(self, settings: Settings, local_key: str) -> None:
        self.owner: User | None = None
        """Who a first visit is signed in as; set when the server has started, None but in local mode."""
        self._settings = settings
        self._local_key = local_key

    @property
    def needs_key(self) -> bool:
        """Whether a visit has to bring the key that is printed at start."""
        return self._settings.maestro_auth == "local" and self._settings.maestro_local_key == "required"

    async def cookie(self, scope: Scope, headers: Headers) -> str:
        """The Set-Cookie header for a first visit; empty when it is none.

        Raises:
            LimitReached: too many guests come from there.
        """
        if not is_visit(scope, headers):
            return ""
        if self._settings.maestro_auth == "anonymous":
            token = await accounts.new_guest(scope["place"])
            return cookie_header(self._settings, token, int(accounts.GUEST_FOR.total_seconds()))
        if self.owner is None or not self._is_owners(scope, headers):
            return ""
        token = await accounts.sign_in(self.owner, headers.get("user-agent", ""), scope["place"])
        return cookie_header(self._settings, token, int(accounts.SIGNED_IN_FOR.total_seconds()))

    def _is_owners(self, scope: Scope, headers: Headers) -> bool:
        is_from_here = headers.get("sec-fetch-site") in ("none", "same-origin") and scope["place"] in LOOPBACK
        return is_from_here and (not self.needs_key or self._has_key(scope))

    def _has_key(self, scope: Scope) -> bool:
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("key", [""])[0]
        return compare_digest(given.encode(), self._local_key.encode())


def is_page(path: str) -> bool:
    """Whether an address is one of a page, and not of one of its files.

    >>> is_page("/s/42"), is_page("/assets/page.js")
    (True, False)
    """
    return not path.startswith(("/api/", "/_")) and "." not in path.rpartition("/")[2]


def is_visit(scope: Scope, headers: Headers) -> bool:
    """Whether a browser opens a page by itself: typed, or followed from a link."""
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
        and is_page(scope["path"])
    )
