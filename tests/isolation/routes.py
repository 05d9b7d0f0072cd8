"""What is sent to each route of the API. A route without an entry here fails the matrix."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from app.api.application import application
from tests.isolation.people import SERVICE

IDS = {
    "session_id",
    "approval_id",
    "attachment_id",
    "checkpoint_id",
    "number",
    "rule_id",
    "service_id",
    "sign_in_id",
    "device_sign_in_id",
    "deleted_session_id",
    "token_id",
    "user_id",
}
"""Parameters of addresses that name somebody's thing; `tool` and `provider` are the same for everybody."""
WORD = "word"
"""What stands in everything of somebody."""
NAMES = {"tool": "grep", "provider": "compatible", "path": "kept.json"}
OPEN = {f"POST /cli/auth/{verb}" for verb in ("initiate", "token", "revoke")}
"""Routes that need no face."""
AREAS = {"credentials", "permissions", "rules", "openapi-services", "tokens", "devices", "users", "audit"}
"""What scopes call settings; all else is sessions."""
NO_SCOPE = {"GET /me"}
"""Routes that a face is enough for."""


@dataclass(frozen=True)
class Sent:
    """What a request carries."""

    json: Any = None
    query: str = ""
    last: int = 0
    """The later, the more it takes away that others need."""
    renamed: tuple[str, str] = ("", "")
    """A parameter of the address that means something else elsewhere, and what it means here."""
    positive: bool = True
    """Whether its owner may do it in the matrix: not while a question waits, nor what administrators do."""


PROMPT = {"type": "prompt", "text": "count to 1"}
ROUTES: dict[str, Sent] = {
    "GET /me": Sent(),
    "GET /models": Sent(),
    "GET /providers": Sent(),
    "GET /sessions": Sent(),
    "POST /sessions": Sent({"name": "mine"}),
    "GET /sessions/{session_id}": Sent(),
    "PATCH /sessions/{session_id}": Sent({"name": "taken over", "mode": "plan"}),
    "DELETE /sessions/{session_id}": Sent(last=2),
    "POST /sessions/{session_id}/commands": Sent(PROMPT),
    "GET /sessions/{session_id}/events": Sent(query="after=0"),
    "GET /sessions/{session_id}/instructions": Sent(),
    "POST /sessions/{session_id}/attachments": Sent({"any": "file"}, query="name=a.json"),
    "DELETE /sessions/{session_id}/attachments/{attachment_id}": Sent(last=1),
    "GET /sessions/{session_id}/draft": Sent(),
    "GET /sessions/{session_id}/files/{path:path}": Sent(),
    "PUT /sessions/{session_id}/draft": Sent({"text": "taken over"}),
    "GET /sessions/{session_id}/paths": Sent(query="q=a"),
    "GET /sessions/{session_id}/checkpoints": Sent(),
    "POST /sessions/{session_id}/checkpoints": Sent({"name": "mine"}),
    "POST /sessions/{session_id}/checkpoints/{checkpoint_id}/restore": Sent(positive=False),
    "POST /sessions/{session_id}/fork": Sent({"seq": 1}),
    "GET /sessions/{session_id}/approvals/{approval_id}/preview": Sent(),
    "GET /sessions/{session_id}/jobs": Sent(),
    "DELETE /sessions/{session_id}/jobs/{number}": Sent(),
    "GET /openapi-services": Sent(),
    "POST /openapi-services": Sent({"name": "pets", "text": SERVICE.format(word="Pets")}),
    "PATCH /openapi-services/{service_id}": Sent({"is_enabled": False}),
    "DELETE /openapi-services/{service_id}": Sent(last=1),
    "GET /permissions": Sent(),
    "GET /permissions/{tool}": Sent(),
    "PUT /permissions/{tool}": Sent({"is_enabled": True}),
    "GET /rules": Sent(),
    "POST /rules": Sent({"tool": "shell", "decision": "ask", "session_id": "{session_id}"}),
    "DELETE /rules/{rule_id}": Sent(last=1),
    "GET /audit": Sent(),
    "GET /search": Sent(query="q={word}"),
    "POST /sessions/bulk": Sent({"ids": ["{session_id}"], "action": "pin"}),
    "POST /sessions/{session_id}/undelete": Sent(renamed=("session_id", "deleted_session_id")),
    "GET /sessions/{session_id}/export": Sent(query="format=json"),
    "GET /export": Sent(query="ids={session_id}&format=json"),
    "GET /credentials": Sent(),
    "GET /credentials/{provider}": Sent(),
    "PUT /credentials/{provider}": Sent({"secret": "sk-of-the-matrix-0000"}),
    "DELETE /credentials/{provider}": Sent(last=1),
    "POST /credentials/{provider}/test": Sent(),
    "POST /credentials/{provider}/sign-in": Sent(positive=False),
    "POST /credentials/{provider}/device": Sent(positive=False),
    "POST /credentials/{provider}/device/{sign_in_id}": Sent(
        renamed=("sign_in_id", "device_sign_in_id"), positive=False
    ),
    "GET /tokens": Sent(),
    "POST /tokens": Sent({"name": "mine", "scopes": ["settings:write"], "expires_in_days": 1}),
    "DELETE /tokens/{token_id}": Sent(last=1),
    "GET /me/sign-ins": Sent(),
    "DELETE /me/sign-ins/{sign_in_id}": Sent(last=1),
    "POST /me/sign-out-everywhere": Sent(last=3),
    "GET /users": Sent(positive=False),
    "PATCH /users/{user_id}": Sent({"is_admin": True}, positive=False),
    "DELETE /users/{user_id}": Sent(last=4),
    "POST /cli/auth/initiate": Sent(),
    "POST /cli/auth/token": Sent({"device_code": "msd_0"}),
    "POST /cli/auth/revoke": Sent({"token": "mst_0"}),
}


def in_order() -> list[str]:
    """The routes that need a face, those last that take things away."""
    closed = (route for route in ROUTES if route not in OPEN)
    return sorted(closed, key=lambda route: (ROUTES[route].last, not route.startswith("GET")))


def routes() -> list[str]:
    """The routes of the API, as the application has them: `GET /me`."""
    found = (route for each in application().routes for route in _within(each))
    return [
        f"{method} {route.path}"
        for route in found
        for method in sorted(route.methods or ())
        if method != "HEAD"
    ]


def _within(route: BaseRoute) -> Iterator[APIRoute]:
    """A route, or those of the router that was included."""
    if isinstance(route, APIRoute):
        yield route
    for each in getattr(getattr(route, "original_router", None), "routes", ()):
        yield from _within(each)


def named(route: str) -> list[str]:
    """The parameters of a route's address that name somebody's thing, the parent first."""
    words = (part.strip("{}") for part in route.split("/") if part.startswith("{"))
    return [word for word in words if word in IDS]


def is_about(route: str) -> bool:
    """Whether a request names somebody's thing: in the address, the query or the body."""
    sent = ROUTES[route]
    return bool(named(route)) or any(f"{{{name}}}" in f"{sent.query}{sent.json}" for name in (*IDS, WORD))


def address(route: str, owns: dict[str, str]) -> str:
    """A route's address for the things of somebody."""
    parameter, meaning = ROUTES[route].renamed
    meant = {**owns, parameter: owns.get(meaning, "")}
    path = route.partition(" ")[2].replace(":path}", "}").format(**NAMES, **meant).removeprefix("/")
    query = ROUTES[route].query.format(**owns)
    return f"{path}?{query}" if query else path


def filled(value: Any, owns: dict[str, str]) -> Any:
    """A payload for the things of somebody: what stands in braces is named.

    >>> filled({"ids": ["{session_id}"], "action": "pin"}, {"session_id": "7a"})
    {'ids': ['7a'], 'action': 'pin'}
    """
    if isinstance(value, dict):
        return {name: filled(each, owns) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, owns) for each in value]
    if not isinstance(value, str) or not value.startswith("{"):
        return value
    found = owns[value.strip("{}")]
    return int(found) if found.isdecimal() else found


def nowhere(*known: str, owns: dict[str, str]) -> dict[str, str]:
    """Names of things that do not exist, but for those that are known."""
    unknown = {name: "999999999" if name == "number" else str(uuid4()) for name in (*IDS, WORD)}
    return {**unknown, **{name: owns[name] for name in known}}


def scope(route: str) -> str:
    """The scope a token needs for a route.

    >>> scope("PUT /permissions/{tool}"), scope("GET /sessions")
    ('settings:write', 'sessions:read')
    """
    method, _, path = route.partition(" ")
    area = "settings" if path.split("/")[1] in AREAS or path.startswith("/me/") else "sessions"
    return f"{area}:{'read' if method == 'GET' else 'write'}"
