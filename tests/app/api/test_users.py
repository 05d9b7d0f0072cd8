"""The routes of people, where the owner is the administrator."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.app.serving import Server


@pytest.fixture
def theirs(server: Server) -> Iterator[httpx2.Client]:
    """The API for somebody else."""
    token, _ = server.neighbour()
    with server.client() as client:
        client.headers["authorization"] = f"Bearer {token}"
        yield client


def test_an_administrator_sees_everybody(api: httpx2.Client, theirs: httpx2.Client) -> None:
    one = theirs.get("me").json()
    seen = {person["id"]: person for person in api.get("users").json()}
    assert seen[one["id"]]["name"] == one["name"]
    assert set(seen[one["id"]]) == {
        "id",
        "email",
        "name",
        "provider",
        "is_admin",
        "created_at",
        "last_used_at",
    }


def test_nobody_else_sees_them(theirs: httpx2.Client) -> None:
    refused = theirs.get("users")
    assert (refused.status_code, refused.json()["code"]) == (403, "administrators_only")


def test_an_administrator_makes_another_and_takes_it_back(api: httpx2.Client, theirs: httpx2.Client) -> None:
    one = theirs.get("me").json()["id"]
    assert api.patch(f"users/{one}", json={"is_admin": True}).json()["is_admin"]
    assert theirs.get("users").status_code == 200
    assert not api.patch(f"users/{one}", json={"is_admin": False}).json()["is_admin"]
    assert theirs.get("users").status_code == 403


@pytest.mark.parametrize(
    "body", [{}, {"is_admin": None}, {"is_admin": "yes"}, {"is_admin": 1}, [], {"id": "x"}]
)
def test_a_change_is_a_plain_yes_or_no(api: httpx2.Client, theirs: httpx2.Client, body: object) -> None:
    one = theirs.get("me").json()["id"]
    assert api.patch(f"users/{one}", json=body).status_code == 422


def test_others_are_nobodys_business(api: httpx2.Client, theirs: httpx2.Client) -> None:
    me, owner = theirs.get("me").json()["id"], api.get("me").json()["id"]
    assert theirs.patch(f"users/{me}", json={"is_admin": True}).status_code == 403
    for other in (owner, "0198c0de-0000-7000-8000-000000000000", "x"):
        assert theirs.patch(f"users/{other}", json={"is_admin": True}).status_code == 404
        assert theirs.delete(f"users/{other}").status_code == 404
    assert api.get("me").json()["is_admin"]


def test_an_administrator_removes_somebody(server: Server, api: httpx2.Client) -> None:
    token, session = server.neighbour()
    with server.client() as theirs:
        theirs.headers["authorization"] = f"Bearer {token}"
        one = theirs.get("me").json()["id"]
        assert api.delete(f"users/{one}").status_code == 204
        assert theirs.get("me").status_code == 401
    assert server.stored(session) is None
    assert api.delete(f"users/{one}").status_code == 404
    assert one not in {person["id"] for person in api.get("users").json()}


def test_the_owner_of_this_machine_stays(api: httpx2.Client) -> None:
    me = api.get("me").json()["id"]
    refused = api.delete(f"users/{me}")
    assert (refused.status_code, refused.json()["code"]) == (409, "owner_stays")
    assert api.get("me").status_code == 200


def test_one_sees_where_one_is_signed_in(server: Server, api: httpx2.Client) -> None:
    cookie = server.cookie()
    with server.stranger() as browser:
        mine = browser.get("/api/v1/me/sign-ins", headers={"cookie": cookie}).json()
        [current] = [one for one in mine if one["is_current"]]
        assert not any(one["is_current"] for one in api.get("me/sign-ins").json())
        assert api.delete(f"me/sign-ins/{current['id']}").status_code == 204
        assert browser.get("/api/v1/me", headers={"cookie": cookie}).status_code == 401


def test_nobody_ends_anothers_sign_in(server: Server, api: httpx2.Client, theirs: httpx2.Client) -> None:
    server.cookie()
    one = api.get("me/sign-ins").json()[0]["id"]
    assert theirs.delete(f"me/sign-ins/{one}").status_code == 404
    assert theirs.get("me/sign-ins").json() == []
    assert one in {mine["id"] for mine in api.get("me/sign-ins").json()}
