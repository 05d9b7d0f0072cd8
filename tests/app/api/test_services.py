"""A person's services over REST: never a credential, and nobody else's."""

import json

import httpx2
import pytest

from tests.app.serving import Server

TEXT = """
openapi: 3.0.3
info: { title: Pets, version: "1" }
servers: [{ url: "https://example.org/v1" }]
paths: { /pets: { get: { operationId: list } } }
components: { securitySchemes: { key: { type: apiKey, in: header, name: X-Key } } }
"""
SECRET = "key-that-nobody-sees"


def test_the_life_of_a_service(api: httpx2.Client, server: Server) -> None:
    new = {"name": "pets", "text": TEXT, "credentials": {"key": SECRET}}
    answer = api.post("openapi-services", json=new)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["title"], made["operations"], made["hint"]) == ("Pets", 1, "sees")
    assert api.get("openapi-services").json() == [made]
    changed = api.patch(f"openapi-services/{made['id']}", json={"is_enabled": False})
    assert changed.json() == {**made, "is_enabled": False}
    everything = answer.text + changed.text + api.get("openapi-services").text + server.log.read_text()
    assert SECRET not in everything
    for file in ("app.db", "app.db-wal"):
        assert SECRET.encode() not in (server.data / file).read_bytes()
    assert api.delete(f"openapi-services/{made['id']}").status_code == 204
    assert api.delete(f"openapi-services/{made['id']}").status_code == 404
    assert api.get("openapi-services").json() == []


@pytest.mark.parametrize(
    ("new", "status", "code"),
    [
        ({}, 422, "bad_arguments"),
        ({"name": "A B", "text": TEXT}, 422, "bad_arguments"),
        ({"name": "a", "text": TEXT, "admin": True}, 422, "bad_arguments"),
        ({"name": "a"}, 422, "service_source"),
        ({"name": "a", "text": "hello"}, 422, "service_unreadable"),
        ({"name": "a", "url": "http://127.0.0.1:1/api.json"}, 422, "service_unreachable"),
        ({"name": "a", "url": "http://169.254.169.254/"}, 422, "service_unreachable"),
        ({"name": "a", "url": "file:///etc/passwd"}, 422, "service_address"),
        ({"name": "a", "text": TEXT, "credentials": {"other": "x"}}, 422, "service_scheme"),
        ({"name": "a", "text": "x" * 9_000_000}, 413, "too_large"),
    ],
)
def test_what_makes_no_sense_is_a_problem(
    api: httpx2.Client, new: dict[str, object], status: int, code: str
) -> None:
    answer = api.post(
        "openapi-services", content=json.dumps(new), headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "…" not in answer.json()["detail"]


def test_a_refused_credential_is_not_told_again(api: httpx2.Client) -> None:
    new = {"name": "a", "text": TEXT, "credentials": {"key": [SECRET]}}
    assert SECRET not in api.post("openapi-services", json=new).text


def test_nobody_else_sees_or_changes_it(api: httpx2.Client, server: Server, stranger: httpx2.Client) -> None:
    made = api.post("openapi-services", json={"name": "mine", "text": TEXT}).json()
    token, _ = server.neighbour()
    with server.client() as theirs:
        theirs.headers["authorization"] = f"Bearer {token}"
        assert theirs.get("openapi-services").json() == []
        assert theirs.patch(f"openapi-services/{made['id']}", json={"name": "x"}).status_code == 404
        assert theirs.delete(f"openapi-services/{made['id']}").status_code == 404
    assert stranger.get("/api/v1/openapi-services").status_code == 401
    assert api.delete(f"openapi-services/{made['id']}").status_code == 204
