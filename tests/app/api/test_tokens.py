"""Tokens over REST: made once, worth what they say, gone when revoked."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.app.api.test_application import BAD, JSON, is_problem
from tests.app.serving import Server

BODIES = [name for name in BAD if name != "nothing"]


@pytest.fixture(autouse=True)
def _clean(api: httpx2.Client) -> Iterator[None]:
    """Other modules share the server: what is made here is revoked."""
    yield
    for token in api.get("tokens").json():
        if token["source"] != "server":
            api.delete(f"tokens/{token['id']}")


@pytest.fixture
def program(server: Server) -> Iterator[httpx2.Client]:
    """A client whose token is yet to be set."""
    with server.client() as client:
        yield client


def speak_with(client: httpx2.Client, token: str) -> None:
    client.headers["authorization"] = f"Bearer {token}"


def make(api: httpx2.Client, **fields: Any) -> dict[str, Any]:
    answer = api.post("tokens", json={"name": "mine", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_the_life_of_a_token(api: httpx2.Client, program: httpx2.Client) -> None:
    made = make(api)
    assert made["token"].startswith("mst_")
    assert made["hint"] == made["token"][:8]
    assert made["scopes"] == ["sessions:read", "sessions:write"]
    speak_with(program, made.pop("token"))
    assert program.get("sessions").status_code == 200
    [listed] = [token for token in api.get("tokens").json() if token["id"] == made["id"]]
    assert {**listed, "last_used_at": None} == made
    assert api.delete(f"tokens/{made['id']}").status_code == 204
    assert program.get("sessions").status_code == 401
    assert api.delete(f"tokens/{made['id']}").status_code == 404


def test_the_owners_own_token_is_listed_as_the_servers(api: httpx2.Client, server: Server) -> None:
    [own] = [token for token in api.get("tokens").json() if token["source"] == "server"]
    assert server.token.startswith(own["hint"])
    assert server.token not in api.get("tokens").text


def test_a_token_may_do_what_its_scopes_say(api: httpx2.Client, program: httpx2.Client) -> None:
    speak_with(program, make(api, scopes=["settings:read"])["token"])
    assert program.get("tokens").status_code == 200
    for answer in (program.post("tokens", json={"name": "more"}), program.get("sessions")):
        assert is_problem(answer)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_scope")


def test_a_token_makes_none_that_is_worth_more(api: httpx2.Client, program: httpx2.Client) -> None:
    own = make(api, scopes=["settings:write", "settings:read"], expires_in_days=7)
    speak_with(program, own["token"])
    for wanted in ({"scopes": ["sessions:read"]}, {"expires_in_days": None}, {"expires_in_days": 8}):
        fields = {"name": "more", "scopes": ["settings:read"], "expires_in_days": 1, **wanted}
        answer = program.post("tokens", json=fields)
        assert (answer.status_code, answer.json()["code"]) == (403, "token_beyond")
        assert is_problem(answer)
    assert make(program, scopes=["settings:read"], expires_in_days=1)["token"]


@pytest.mark.parametrize("name", BODIES)
def test_a_token_that_makes_no_sense_is_a_problem(api: httpx2.Client, name: str) -> None:
    assert is_problem(api.post("tokens", content=BAD[name], headers=JSON))


@pytest.mark.parametrize("token_id", ["x", "%00", "-" * 36, "x" * 37, "0198C0DE-0000-7000-8000-000000000000"])
def test_a_token_that_is_not_there_is_a_problem(api: httpx2.Client, token_id: str) -> None:
    assert is_problem(api.delete(f"tokens/{token_id}"))


def test_nobody_else_sees_or_revokes_it(api: httpx2.Client, server: Server, program: httpx2.Client) -> None:
    made = make(api)
    speak_with(program, server.neighbour()[0])
    assert made["id"] not in program.get("tokens").text
    answer = program.delete(f"tokens/{made['id']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "api_token")
    assert made["id"] in api.get("tokens").text


@pytest.mark.parametrize(("method", "path"), [("GET", "tokens"), ("POST", "tokens"), ("DELETE", "tokens/x")])
def test_a_stranger_is_told_nothing(stranger: httpx2.Client, method: str, path: str) -> None:
    answer = stranger.request(method, f"/api/v1/{path}", json={"name": "mine"})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
