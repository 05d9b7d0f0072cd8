"""Which scope a request of the API needs, judged before anything is looked up."""

import re

from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Request

from agent.core.errors import NotAllowed
from agent.core.identity import Principal, Scope
from app.problems import told

SETTINGS = re.compile(
    r"/(credentials|permissions|rules|openapi-services|tokens|devices|users|audit|me/.*)(/|$)"
)
FREE = re.compile(r"/me/?$|/openapi\.json$|/cli/auth/")
"""Needs no scope: a face is enough, or not even that."""


def needed(method: str, path: str) -> Scope | None:
    """The scope that a request needs, by its method and its path within the API.

    >>> needed("GET", "/sessions/42"), needed("DELETE", "/rules/7"), needed("GET", "/me")
    ('sessions:read', 'settings:write', None)
    """
    reads = method in ("GET", "HEAD")
    if FREE.match(path) and (reads or path.startswith("/cli/")):
        return None
    if SETTINGS.match(path):
        return "settings:read" if reads else "settings:write"
    return "sessions:read" if reads else "sessions:write"


class ScopeCheck:
    """ASGI middleware that refuses a token what it was not made for."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Request, receive: Receive, send: Send) -> None:
        """Refuse, or hand on."""
        principal = scope.get("principal")
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        wanted = needed(scope["method"], path) if scope["type"] == "http" else None
        if wanted and isinstance(principal, Principal) and wanted not in principal.scopes:
            return await told(NotAllowed("wrong_scope", scope=wanted))(scope, receive, send)
        return await self.app(scope, receive, send)
