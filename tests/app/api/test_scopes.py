import json
from uuid import uuid4

import httpx2
import pytest

from agent.accounts.tokens import hashed, new_token
from agent.core.identity import SCOPES, Scope
from app.api.scopes import needed
from tests.app.documented import document
from tests.app.serving import Server

OPERATIONS = [
    (method.upper(), path)
    for path, operations in document()["paths"].items()
    for method in operations
    if not path.startswith("/cli/")
]


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/me", None),
        ("HEAD", "/me", None),
        ("GET", "/openapi.json", None),
        ("POST", "/cli/auth/token", None),
        ("GET", "/models", "sessions:read"),
        ("POST", "/sessions", "sessions:write"),
        ("OPTIONS", "/sessions", "sessions:write"),
        ("GET", "/sessions/1/events", "sessions:read"),
        ("PUT", "/credentials/openai", "settings:write"),
        ("GET", "/tokens", "settings:read"),
        ("DELETE", "/tokens/1", "settings:write"),
        ("GET", "/me/sign-ins", "settings:read"),
        ("POST", "/me", "sessions:write"),
        ("GET", "/mean", "sessions:read"),
        ("GET", "/tokens2", "sessions:read"),
        ("POST", "/openapi.json/x", "sessions:write"),
    ],
)
def test_an_address_needs_the_scope_of_its_area(method: str, path: str, scope: Scope | None) -> None:
    assert needed(method, path) == scope


def granted(server: Server, scope: Scope | None) -> dict[str, str]:
    """A token of somebody else's that may do one thing."""
    known, _ = server.neighbour()
    token, scopes = new_token("mst"), [scope] if scope else []
    with server.database() as database:
        database.execute(
            "INSERT INTO api_tokens (id, user_id, name, token_hash, scopes, created_at)"
            " SELECT ?, user_id, 'test', ?, ?, created_at FROM api_tokens WHERE token_hash = ?",
            [uuid4().hex, hashed(token), json.dumps(scopes), hashed(known)],
        )
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize("scope", [None, *SCOPES])
def test_a_token_does_what_it_was_made_for_and_nothing_else(server: Server, scope: Scope | None) -> None:
    with server.client() as client:
        client.headers.update(granted(server, scope))
        for method, path in OPERATIONS:
            if path.endswith("/events"):
                continue
            wanted = needed(method, path)
            answer = client.request(method, path.removeprefix("/"))
            is_refused = answer.status_code == 403 and answer.json()["code"] == "wrong_scope"
            assert is_refused == (wanted not in {None, scope}), (method, path, answer.text)
            assert not is_refused or wanted in answer.json()["detail"]


def test_a_missing_scope_is_told_before_anything_is_looked_up(server: Server, session: str) -> None:
    """So it says nothing about whose a thing is, or whether it is there."""
    with server.client() as client:
        client.headers.update(granted(server, "settings:read"))
        client.headers["x-request-id"] = "the-same-one"
        mine, nothing = client.get(f"sessions/{session}"), client.get("sessions/nothing")
        assert mine.status_code == nothing.status_code == 403
        assert mine.content == nothing.content


def test_a_cookie_has_every_scope(server: Server, stranger: httpx2.Client) -> None:
    known = {"cookie": server.cookie(), "origin": server.url}
    for path in ("sessions", "rules", "tokens"):
        assert stranger.get(f"/api/v1/{path}", headers=known).status_code == 200
