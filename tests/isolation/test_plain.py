"""The addresses beside API and pages: each is in the matrix, and shows nobody's things to anybody."""

from typing import Any

import pytest

from tests.app.serving import Server
from tests.isolation.people import Person, cookie_of, face, stored

pytestmark = pytest.mark.xdist_group("isolation")

PLAIN: dict[str, set[int]] = {
    "GET /healthz": {200},
    "GET /readyz": {200},
    "GET /login": {200, 303},
    "GET /auth/login": {303, 503},
    "GET /auth/callback": {303, 400},
    "POST /auth/logout": {303, 403},
    "GET /auth/connected": {303, 401, 403},
}
"""What anybody without a right may get."""
MOUNTED = {"MOUNT /api/v1", "MOUNT "}


def test_every_address_of_the_server_is_in_the_matrix(listing: dict[str, Any]) -> None:
    assert {" ".join(route) for route in listing["routes"]} == PLAIN.keys() | MOUNTED


@pytest.mark.parametrize("route", PLAIN)
def test_nobody_learns_or_changes_anything_there(alice: Person, bob: Person, route: str) -> None:
    method, _, path = route.partition(" ")
    state = alice.owns["device_sign_in_id"]
    query = {
        "state": state,
        "code": "x",
        "iss": "http://127.0.0.1:9",
        "next": f"/s/{alice.owns['session_id']}",
    }
    before = stored(alice)
    stranger = cookie_of(bob.server, user_id=bob.id.replace("-", ""))
    for proof in ({}, {"cookie": stranger}):
        with face(alice.server, **proof) as client:
            answer = client.request(method, f"{alice.server.url}{path}", params=query)
            assert answer.status_code in PLAIN[route], answer.text
            assert alice.word not in f"{answer.text}{answer.headers}"
    assert stored(alice) == before


@pytest.mark.parametrize("headers", [{}, {"origin": "https://evil.example"}, {"origin": "null"}])
def test_another_site_signs_nobody_out(bob: Person, server: Server, headers: dict[str, str]) -> None:
    cookie = cookie_of(server, user_id=bob.id.replace("-", ""))
    with server.stranger() as browser:
        answer = browser.post("/auth/logout", headers={"cookie": cookie, **headers})
        assert answer.status_code == 403
    with face(server, cookie=cookie) as client:
        assert client.get("me").status_code == 200


@pytest.mark.parametrize(
    "onward", ["//evil.example", "/\\evil.example", "https:evil", "/%0d%0aset-cookie:x=1"]
)
def test_nobody_is_led_elsewhere(server: Server, onward: str) -> None:
    with server.stranger() as browser:
        for path in ("/login", "/auth/login"):
            answer = browser.get(path, params={"next": onward})
            assert "evil" not in answer.headers.get("location", "")
            assert "x" not in answer.cookies
