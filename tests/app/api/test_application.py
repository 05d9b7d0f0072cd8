"""The API's document, and what it answers to requests that make no sense."""

import json
from typing import Any

import httpx2
import pytest

from tests.app.documented import document

JSON = {"content-type": "application/json"}
DEEP = b"[" * 100_000 + b"]" * 100_000
BAD = {
    "null": b"null",
    "an array": b"[]",
    "a number": b"1",
    "a text": b'"x"',
    "nothing": b"",
    "half an object": b'{"type":',
    "deep": DEEP,
    "deep inside": b'{"type": "prompt", "text": ' + DEEP + b"}",
    "a huge number": b'{"type": "prompt", "text": ' + b"9" * 10_000 + b"}",
    "infinity": b'{"type": "prompt", "text": Infinity}',
    "not UTF-8": b'{"type": "prompt", "text": "\xff\xfe"}',
    "an unknown field": b'{"type": "prompt", "text": "x", "admin": true}',
    "an unknown type": b'{"type": "reboot"}',
    "a type that is none": b'{"type": {"a": []}}',
    "no parts": b'{"type": "prompt", "parts": []}',
    "someone else's part": b'{"type": "prompt", "parts": [{"type": "ToolCall", "id": "1"}]}',
    "an id that is none": b'{"type": "interrupt", "id": 3}',
    "half a character for an id": b'{"type": "interrupt", "id": "\\ud800"}',
    "a long id": b'{"type": "interrupt", "id": "' + b"x" * 300 + b'"}',
    "an answer that is none": b'{"type": "answer", "approval_id": "x", "answer": "yes"}',
    "an edit of nothing": b'{"type": "edit_prompt", "prompt_id": "x", "parts": []}',
    "an edit that names none": b'{"type": "edit_prompt", "text": "x"}',
    "a prompt that may steer": b'{"type": "prompt", "text": "x", "steers": "perhaps"}',
    "an interrupt of a number": b'{"type": "interrupt", "turn_id": 3}',
    "too much": b'{"type": "prompt", "text": "' + b"x" * 10_000_000 + b'"}',
}


def is_problem(answer: httpx2.Response) -> bool:
    body = answer.json()
    return (
        400 <= answer.status_code < 500
        and answer.headers["content-type"] == "application/problem+json"
        and body["status"] == answer.status_code
        and bool(body["code"])
        and bool(body["detail"])
        and "Traceback" not in answer.text
    )


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_a_command_that_makes_no_sense_is_a_problem(api: httpx2.Client, session: str, body: bytes) -> None:
    assert is_problem(api.post(f"sessions/{session}/commands", content=body, headers=JSON))
    assert api.get("me").status_code == 200
    assert api.get(f"sessions/{session}").json()["seq"] == 0


@pytest.mark.parametrize("name", ["an array", "half an object", "deep", "not UTF-8", "too much", "a text"])
def test_a_session_that_makes_no_sense_is_a_problem(api: httpx2.Client, name: str) -> None:
    assert is_problem(api.post("sessions", content=BAD[name], headers=JSON))


def test_a_body_of_unknown_length_is_weighed_too(api: httpx2.Client) -> None:
    too_much = iter([b"x" * 1_000_000] * 9)
    assert is_problem(answer := api.post("sessions", content=too_much, headers=JSON))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "fields",
    [
        {"mode": "yolo"},
        {"name": None},
        {"name": "x" * 201},
        {"name": "\ud800"},
        {"model": 3},
        {"workspace": "/etc"},
        {"workspace": "\0"},
        {"workspace": "~nobody-of-this-name"},
        {"user_id": "someone"},
        {"last_seq": 10**400},
    ],
)
def test_wrong_fields_are_a_problem(api: httpx2.Client, fields: dict[str, Any]) -> None:
    assert is_problem(api.post("sessions", content=json.dumps(fields), headers=JSON))


@pytest.mark.parametrize(
    "body", [b"[]", b'{"name":', b'{"name": 3}', b'{"name": "x", "id": "y"}', BAD["deep"]]
)
@pytest.mark.parametrize("route", ["checkpoints", "fork"])
def test_a_checkpoint_or_fork_that_makes_no_sense_is_a_problem(
    api: httpx2.Client, session: str, route: str, body: bytes
) -> None:
    assert is_problem(api.post(f"sessions/{session}/{route}", content=body, headers=JSON))
    assert api.get(f"sessions/{session}").json()["seq"] == 0


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_that_is_not_json_by_its_type_is_a_problem(
    api: httpx2.Client, session: str, kind: str
) -> None:
    """These types need no preflight, so another site's page could send them."""
    body = '{"type": "prompt", "text": "count to 1"}'
    answer = api.post(f"sessions/{session}/commands", content=body, headers={"content-type": kind})
    assert is_problem(answer)


@pytest.mark.parametrize(
    "address",
    [
        "sessions?cursor=99999999999999999999999",
        "sessions?cursor=-1",
        "sessions?cursor=x",
        "sessions?q=" + "x" * 201,
        "sessions/{session}/events?after=99999999999999999999999",
        "sessions/{session}/events?after=-1",
        "sessions/{session}/events?after=x",
        "nowhere",
        "sessions/a/b/c",
    ],
)
def test_an_address_that_makes_no_sense_is_a_problem(api: httpx2.Client, session: str, address: str) -> None:
    assert is_problem(api.get(address.format(session=session)))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"])
def test_a_wrong_method_is_a_problem(api: httpx2.Client, method: str) -> None:
    answer = api.request(method, "sessions")
    assert is_problem(answer)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST, HEAD"


def test_the_document_is_that_of_the_running_server(stranger: httpx2.Client) -> None:
    answer = stranger.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1.")
    assert answer.json()["servers"] == [{"url": "/api/v1"}]
    assert answer.json()["paths"] == document()["paths"]


def test_the_document_is_whole() -> None:
    written = document()
    operations = [
        (path, operation) for path, methods in written["paths"].items() for operation in methods.values()
    ]
    ids = [operation["operationId"] for _, operation in operations]
    assert len(set(ids)) == len(ids)
    for path, operation in operations:
        named = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        given = {found["name"] for found in operation.get("parameters", ()) if found["in"] == "path"}
        assert named == given
        assert operation["description"]
        assert operation["responses"]
    for reference in references(written):
        place: Any = written
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def references(node: object) -> list[str]:
    if isinstance(node, dict):
        here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return here + [found for inner in node.values() for found in references(inner)]
    return [found for inner in node for found in references(inner)] if isinstance(node, list) else []


def test_an_answer_of_the_api_is_kept_by_no_cache(api: httpx2.Client) -> None:
    for path in ("me", "sessions", "nowhere"):
        assert api.get(path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "sessions/%00",
        "sessions/%0Ax",
        "%0Asessions",
        "sessions/%ff%fe",
        "sessions/..%2f..%2fetc",
        "permissions/%00",
    ],
)
def test_an_odd_address_is_a_problem(api: httpx2.Client, path: str) -> None:
    url = httpx2.URL(str(api.base_url)).copy_with(raw_path=f"/api/v1/{path}".encode())
    assert is_problem(api.get(url))
