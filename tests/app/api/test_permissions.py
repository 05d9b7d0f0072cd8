"""Permissions and rules over REST: what is set holds, what makes no sense is a problem, and nobody else's."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.app.api.test_application import BAD, JSON, is_problem
from tests.app.serving import Server

RULE = {"tool": "shell", "decision": "allow", "commands": ["git log"]}
TOOLS = ["edit", "read_file", "shell", "write_file"]
BODIES = [name for name in BAD if name not in {"nothing", "an unknown type", "a type that is none"}]


@pytest.fixture
def theirs(server: Server) -> Iterator[tuple[httpx2.Client, str]]:
    """Somebody else, and a session of theirs."""
    token, session = server.neighbour()
    with server.client() as client:
        client.headers["authorization"] = f"Bearer {token}"
        yield client, session


@pytest.fixture(autouse=True)
def _clean(api: httpx2.Client) -> Iterator[None]:
    """Other modules share the server, and what they left: cleared before as well as after."""
    clear(api)
    yield
    clear(api)


def clear(api: httpx2.Client) -> None:
    for rule in api.get("rules").json():
        api.delete(f"rules/{rule['id']}")
    for tool in TOOLS:
        api.put(f"permissions/{tool}", json={"is_enabled": True, "sandbox_bypassed": False})


def test_a_permission_is_changed_for_the_next_call(api: httpx2.Client) -> None:
    listed = api.get("permissions").json()
    names = [permission["tool"] for permission in listed]
    assert names == sorted(names)
    assert set(TOOLS) <= set(names)
    before = api.get("permissions/shell").json()
    assert before == {"tool": "shell", "is_enabled": True, "sandbox_bypassed": False}
    answer = api.put("permissions/shell", json={"sandbox_bypassed": True})
    assert (answer.status_code, answer.json()) == (200, {**before, "sandbox_bypassed": True})
    answer = api.put("permissions/shell", json={"is_enabled": False})
    assert answer.json() == {"tool": "shell", "is_enabled": False, "sandbox_bypassed": True}
    assert answer.json() in api.get("permissions").json()
    assert api.put("permissions/shell", json={}).json() == answer.json()


@pytest.mark.parametrize(
    ("tool", "body", "status", "code"),
    [
        ("nothing", {"is_enabled": False}, 404, "tool"),
        ("%00", {"is_enabled": False}, 404, "no_such_address"),
        ("*", {"is_enabled": False}, 404, "tool"),
        ("x" * 201, {"is_enabled": False}, 422, "bad_arguments"),
        ("edit", {"sandbox_bypassed": True}, 422, "not_sandboxed"),
        ("shell", {"is_enabled": "perhaps"}, 422, "bad_arguments"),
        ("shell", {"tool": "edit"}, 422, "bad_arguments"),
        ("shell", {"user_id": "x"}, 422, "bad_arguments"),
    ],
)
def test_a_permission_that_makes_no_sense_is_a_problem(
    api: httpx2.Client, tool: str, body: dict[str, object], status: int, code: str
) -> None:
    answer = api.put(f"permissions/{tool}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "…" not in answer.json()["detail"]
    assert api.get("permissions/shell").json()["is_enabled"]


def test_the_life_of_a_rule(api: httpx2.Client, session: str) -> None:
    answer = api.post("rules", json={**RULE, "session_id": session, "expires_at": "2099-01-01T00:00:00Z"})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["tool"], made["commands"], made["session_id"]) == ("shell", ["git log"], session)
    assert (made["source"], made["hits"], made["is_wide"]) == ("person", 0, False)
    odd = {"tool": "edit", "decision": "deny", "arguments": {"a": [1, 1.0, None, "\0\n"]}}
    second = api.post("rules", json=odd).json()
    assert second["arguments"] == odd["arguments"]
    assert api.get("rules").json() == [second, made]
    assert api.delete(f"rules/{made['id']}").status_code == 204
    assert api.delete(f"rules/{made['id']}").status_code == 404
    assert api.get("rules").json() == [second]


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [
        ({}, 422, "bad_arguments"),
        ({**RULE, "decision": "perhaps"}, 422, "bad_arguments"),
        ({**RULE, "commands": "git log"}, 422, "bad_arguments"),
        ({**RULE, "commands": [["git"]]}, 422, "bad_arguments"),
        ({**RULE, "commands": ["\ud800"]}, 422, "bad_arguments"),
        ({**RULE, "expires_at": "tomorrow"}, 422, "bad_arguments"),
        ({**RULE, "expires_at": "2099-01-01T00:00:00"}, 422, "bad_arguments"),
        ({**RULE, "expires_at": 1e300}, 422, "bad_arguments"),
        ({**RULE, "user_id": "x"}, 422, "bad_arguments"),
        ({**RULE, "hits": 3}, 422, "bad_arguments"),
        ({**RULE, "\ud800": 3}, 422, "bad_arguments"),
        ({**RULE, "tool": "nothing"}, 422, "tool_unknown"),
        ({**RULE, "tool": "edit"}, 422, "rule_commands"),
        ({**RULE, "commands": [""]}, 422, "rule_says_nothing"),
        ({**RULE, "commands": ["x"] * 10_000}, 429, "rule_too_long"),
        ({**RULE, "commands": ["x"] * 10_001}, 422, "bad_arguments"),
        ({**RULE, "paths": ["x" * 9_000] * 2}, 429, "rule_too_long"),
        ({**RULE, "commands": ["x" * 9_000_000]}, 413, "too_large"),
        ({"tool": "*", "decision": "allow"}, 422, "rule_too_wide"),
        ({**RULE, "arguments": {"a": float("nan")}}, 422, "number"),
        ({**RULE, "arguments": {"\ud800": 1}}, 422, "rule_unreadable"),
        ({**RULE, "expires_at": "2000-01-01T00:00:00Z"}, 422, "rule_expiry"),
        ({**RULE, "expires_at": "9999-12-31T23:59:59-12:00"}, 422, "rule_expiry"),
        ({**RULE, "workspace": "somewhere"}, 422, "rule_scope"),
        ({**RULE, "workspace": "/\0"}, 422, "rule_scope"),
        ({**RULE, "session_id": "\0"}, 404, "session"),
        ({**RULE, "session_id": str(uuid4())}, 404, "session"),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value),
)
def test_a_rule_that_makes_no_sense_is_a_problem(
    api: httpx2.Client, rule: dict[str, Any], status: int, code: str
) -> None:
    answer = api.post("rules", content=json.dumps(rule), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "…" not in answer.json()["detail"]
    assert api.get("rules").json() == []


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_makes_no_sense_is_a_problem(api: httpx2.Client, name: str) -> None:
    assert is_problem(api.post("rules", content=BAD[name], headers=JSON))
    assert is_problem(api.put("permissions/shell", content=BAD[name], headers=JSON))
    assert api.get("rules").json() == []


@pytest.mark.parametrize("rule_id", ["x", "%00", "-" * 36, "x" * 37, "0198C0DE-0000-7000-8000-000000000000"])
def test_a_rule_that_is_not_there_is_a_problem(api: httpx2.Client, rule_id: str) -> None:
    assert is_problem(api.delete(f"rules/{rule_id}"))


def test_nobody_else_sees_changes_or_uses_them(
    api: httpx2.Client, theirs: tuple[httpx2.Client, str], session: str
) -> None:
    other, their_session = theirs
    made = api.post("rules", json=RULE).json()
    api.put("permissions/shell", json={"sandbox_bypassed": True})
    assert other.get("rules").json() == []
    assert not other.get("permissions/shell").json()["sandbox_bypassed"]
    assert other.delete(f"rules/{made['id']}").status_code == 404
    assert other.post("rules", json={**RULE, "session_id": session}).status_code == 404
    assert api.post("rules", json={**RULE, "session_id": their_session}).status_code == 404
    assert not other.put("permissions/shell", json={"is_enabled": False}).json()["is_enabled"]
    assert api.get("permissions/shell").json()["is_enabled"]
    assert api.get("rules").json() == [made]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "permissions"),
        ("GET", "permissions/shell"),
        ("PUT", "permissions/shell"),
        ("GET", "rules"),
        ("POST", "rules"),
        ("DELETE", "rules/0198c0de-0000-7000-8000-000000000000"),
    ],
)
def test_a_stranger_is_told_nothing(stranger: httpx2.Client, method: str, path: str) -> None:
    assert stranger.request(method, f"/api/v1/{path}", json=RULE).status_code == 401
