"""Nonsense for every route: refused with a code and the request's id, and the server stays up (S17)."""

import json
from collections.abc import Iterator

import httpx2
import pytest

from tests.app.serving import Server
from tests.isolation.people import Person, furnish, person
from tests.isolation.routes import OPEN, ROUTES, address, filled, named

pytestmark = pytest.mark.xdist_group("isolation")

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
BODIES: dict[str, tuple[str, bytes]] = {
    "null": (JSON, b"null"),
    "a list": (JSON, b"[]"),
    "a list of lists": (JSON, b"[[[]]]"),
    "a text": (JSON, b'"text"'),
    "a number": (JSON, b"7"),
    "no JSON": (JSON, b"{"),
    "nothing but spaces": (JSON, b"  "),
    "brackets": (JSON, b"[" * 100_000),
    "closed brackets": (JSON, b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "beyond numbers": (JSON, b'{"seq": 1e400, "name": 1e400}'),
    "a long number": (JSON, b'{"seq": ' + b"9" * 10_000 + b"}"),
    "no number": (JSON, b'{"seq": NaN, "name": Infinity}'),
    "no UTF-8": (JSON, b'{"name": "\xff\xfe"}'),
    "a field twice": (JSON, b'{"name": 1, "name": []}'),
    "unknown fields": (JSON, b'{"user_id": "x", "is_admin": 1, "__class__": {}}'),
    "text as XML": ("application/xml", b"<a/>"),
    "no type": ("", b"\x00\x01"),
    "a form": (FORM, b"name=x&name=y"),
    "parts without an end": ("multipart/form-data; boundary=x", b"--x\r\n"),
    "a strange charset": ("application/json; charset=utf-7", b"+AHs-"),
}
WRONG_VALUES = (None, [], {}, 7, True, "\0", "\ud800", "x" * 100_000, {"$gt": ""}, 10**30, -1)
ATTACHING = "POST /sessions/{session_id}/attachments"
"""The one route whose body is a file: nonsense in it is a person's own."""
WRITING = [route for route, sent in ROUTES.items() if sent.json is not None]
ALL = [*ROUTES]
CLIENTS_FAULT = range(400, 500)


@pytest.fixture(scope="module")
def somebody(server: Server) -> Person:
    return furnish(person(server))


@pytest.fixture
def client(somebody: Person) -> Iterator[httpx2.Client]:
    with somebody.client() as client:
        yield client
        assert client.get("me").status_code == 200


def is_told(answer: httpx2.Response, route: str) -> bool:
    """Whether an answer says what is wrong: OAuth's way where its clients speak, else as a problem."""
    if answer.status_code not in CLIENTS_FAULT:
        return False
    if route in OPEN and answer.status_code == 400:
        return bool(answer.json()["error"])
    told = answer.json()
    kind = answer.headers["content-type"].partition(";")[0]
    return bool(kind == "application/problem+json" and told["code"] and told["detail"] and told["request_id"])


def own_address(route: str, somebody: Person) -> str:
    return address(route, somebody.owns)


@pytest.mark.parametrize("route", WRITING)
def test_a_body_that_is_nonsense_is_refused(client: httpx2.Client, somebody: Person, route: str) -> None:
    for name, (kind, body) in BODIES.items():
        headers = {"content-type": kind} if kind else {}
        method = route.split(maxsplit=1)[0]
        answer = client.request(method, own_address(route, somebody), content=body, headers=headers)
        assert answer.status_code < 500, (name, answer.text)
        passed_over = answer.is_success and is_harmless(route, name)
        assert is_told(answer, route) or passed_over, (name, answer.status_code, answer.text)


def is_harmless(route: str, name: str) -> bool:
    """What a route that needs no body may pass over."""
    optional = {"POST /sessions", "POST /sessions/{session_id}/checkpoints", "POST /cli/auth/initiate"}
    oauth = OPEN | {"POST /cli/auth/initiate"}
    nothing = {"null", "nothing but spaces"}
    unread = {"unknown fields", "a field twice", "beyond numbers", "a long number", "no number", "a form"}
    patches = route.startswith(("PATCH", "PUT")) and name == "null"
    if route == ATTACHING:
        return True
    return (route in optional and name in nothing) or (route in oauth and name in nothing | unread) or patches


@pytest.mark.parametrize("route", WRITING)
def test_a_field_that_is_nonsense_is_refused(client: httpx2.Client, somebody: Person, route: str) -> None:
    whole = filled(ROUTES[route].json, somebody.owns)
    for name in whole:
        for value in WRONG_VALUES:
            body = json.dumps({**whole, name: value}, allow_nan=True)
            answer = client.request(
                route.split(maxsplit=1)[0],
                own_address(route, somebody),
                content=body.encode("utf-8", "surrogatepass"),
                headers={"content-type": JSON},
            )
            assert answer.status_code < 500, (name, value, answer.text)
            assert answer.status_code < 300 or is_told(answer, route), (name, value, answer.text)


@pytest.mark.parametrize("route", WRITING)
def test_a_body_that_is_too_long_is_refused(client: httpx2.Client, somebody: Person, route: str) -> None:
    body = b'{"name": "' + 10_000_000 * b"x" + b'"}'
    try:
        answer = client.request(
            route.split(maxsplit=1)[0],
            own_address(route, somebody),
            content=body,
            headers={"content-type": JSON},
        )
    except httpx2.TransportError:
        return  # hung up on, in the middle of it
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


WORDS = (
    "%00",
    "%0A",
    "x%0D%0Ay",
    "..%2F..%2Fetc%2Fpasswd",
    "x" * 3000,
    "%F0%9F%92%A9",
    "'%20OR%201=1--",
    "%ED%A0%80",
    "-1",
)


@pytest.mark.parametrize("route", [route for route in ALL if named(route)])
def test_an_id_that_is_nonsense_is_nothing(client: httpx2.Client, somebody: Person, route: str) -> None:
    for word in WORDS:
        for name in named(route):
            meant = {**somebody.owns, name: word, ROUTES[route].renamed[1]: word}
            path = address(route, meant)
            answer = client.request(
                route.split(maxsplit=1)[0], path, json=filled(ROUTES[route].json, somebody.owns)
            )
            assert is_told(answer, route), (path, answer.status_code, answer.text)


@pytest.mark.parametrize("route", ALL)
def test_a_query_that_is_nonsense_breaks_nothing(client: httpx2.Client, somebody: Person, route: str) -> None:
    if not route.startswith("GET") or "events" in route:
        pytest.skip("reads nothing from the query, or does not end")
    names = ("q", "cursor", "after", "since", "state", "shape", "format", "test")
    path = own_address(route, somebody).partition("?")[0]
    for value in ("%00", "9" * 400, "[]", "%ED%A0%80", "x" * 5000):
        answer = client.get(f"{path}?{'&'.join(f'{name}={value}' for name in names)}")
        assert answer.status_code < 300 or is_told(answer, route), (value, answer.text)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "X" * 100])
def test_a_method_that_is_none_is_refused(client: httpx2.Client, method: str) -> None:
    answer = client.request(method, "me")
    assert answer.status_code in {400, 405}


@pytest.mark.parametrize(
    "headers",
    [
        {"last-event-id": "9" * 400},
        {"last-event-id": "-1"},
        {"idempotency-key": "x"},
        {"idempotency-key": "x" * 5000},
        {"x-request-id": "x" * 5000},
        {"x-request-id": "../../../etc/passwd"},
        {"accept": "nonsense"},
        {"accept-encoding": "nonsense"},
        {"content-encoding": "gzip"},
        {"range": "bytes=0-0,0-0,0-0"},
        {"x-forwarded-for": "a, b, c," * 100},
        {"cookie": "=;" * 1000},
    ],
    ids="-".join,
)
def test_headers_that_are_nonsense_break_nothing(
    client: httpx2.Client, somebody: Person, headers: dict[str, str]
) -> None:
    for route in ("GET /sessions", "POST /sessions", "GET /me"):
        path = own_address(route, somebody)
        answer = client.request(route.split()[0], path, json=ROUTES[route].json, headers=headers)
        assert answer.status_code < 500
        assert headers.get("x-request-id") != answer.headers["x-request-id"]
