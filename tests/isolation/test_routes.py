"""The isolation matrix over REST: every route and every kind of stranger against everything of one person."""

from datetime import timedelta

import pytest

from agent.accounts.tokens import hashed
from agent.core.identity import SCOPES
from tests.app.serving import Server
from tests.isolation.matrix import ask, fault, told
from tests.isolation.people import Person, cookie_of, face, furnish, guest, person, stored, token_of
from tests.isolation.routes import NO_SCOPE, ROUTES, in_order, nowhere, routes, scope

CLOSED = in_order()
PAST = timedelta(days=-1)
WAYS = ("token", "cookie")

pytestmark = pytest.mark.xdist_group("isolation")


def test_every_route_is_in_the_matrix() -> None:
    assert sorted(routes()) == sorted(ROUTES)


@pytest.fixture(scope="module")
def root(server: Server) -> Person:
    return furnish(person(server, is_admin=True))


@pytest.fixture(scope="module")
def visitor(server: Server) -> Person:
    return guest(server)


@pytest.fixture(scope="module")
def other(server: Server) -> Person:
    return guest(server)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("route", CLOSED)
def test_another_persons_things_do_not_exist(alice: Person, bob: Person, way: str, route: str) -> None:
    before = stored(alice)
    cookie = cookie_of(bob.server, user_id=bob.id.replace("-", ""))
    with face(bob.server, **({"token": bob.token} if way == "token" else {"cookie": cookie})) as client:
        assert fault(client, route, alice, bob.owns) == ""
    assert stored(alice) == before


@pytest.mark.parametrize("route", [route for route in CLOSED if "/users" not in route])
def test_an_administrator_sees_no_more_of_them(alice: Person, root: Person, route: str) -> None:
    before = stored(alice)
    with root.client() as client:
        assert fault(client, route, alice, root.owns) == ""
    assert stored(alice) == before


@pytest.mark.parametrize("route", CLOSED)
def test_a_guest_sees_nothing_of_them(alice: Person, visitor: Person, route: str) -> None:
    before = stored(alice)
    with face(visitor.server, cookie=visitor.cookie) as client:
        assert fault(client, route, alice, visitor.owns) == ""
    assert stored(alice) == before


@pytest.mark.parametrize("route", [route for route in CLOSED if "{session_id}" in route])
@pytest.mark.parametrize("who", ["another guest", "a person"])
def test_a_guests_things_do_not_exist(
    visitor: Person, other: Person, bob: Person, who: str, route: str
) -> None:
    before = stored(visitor)
    stranger = {"another guest": other, "a person": bob}[who]
    with stranger.client() as client:
        assert fault(client, route, visitor, stranger.owns) == ""
    assert stored(visitor) == before


def without_a_right(whose: Person) -> dict[str, dict[str, str]]:
    """What proves nothing, or nothing any more, by name."""
    server, user = whose.server, whose.id.replace("-", "")
    gone, out = token_of(server, user), cookie_of(server, user_id=user)
    server.sign_out(out)
    with server.database() as database:
        database.execute("DELETE FROM api_tokens WHERE token_hash = ?", [hashed(gone)])
    name, _, value = whose.cookie.partition("=")
    return {
        "nobody": {},
        "a revoked token": {"token": gone},
        "an expired token": {"token": token_of(server, user, expires=PAST)},
        "a cookie that was signed out": {"cookie": out},
        "an expired cookie": {"cookie": cookie_of(server, user_id=user, expires=PAST)},
        "a forged token": {"token": f"mst_{whose.id}"},
        "a token's hash": {"token": hashed(whose.token)},
        "a cookie's value as a token": {"token": value},
        "a token as a cookie": {"cookie": f"{name}={whose.token}"},
        "another program's cookie": {"cookie": f"session={value}"},
        "a bad token beside a good cookie": {"token": gone, "cookie": whose.cookie},
    }


def test_who_has_no_right_is_told_nothing(alice: Person) -> None:
    strangers = without_a_right(alice)
    before = stored(alice)
    for kind, proof in strangers.items():
        with face(alice.server, **proof) as client:
            for route in CLOSED:
                answer = ask(client, route, alice.owns)
                assert (answer.status_code, kind, route) == (401, kind, route)
                assert answer.json()["code"] == "not_signed_in"
                assert told(answer) == told(ask(client, route, nowhere(owns={})))
    assert stored(alice) == before


@pytest.mark.parametrize("route", [route for route in CLOSED if route not in NO_SCOPE])
def test_a_token_without_the_scope_is_refused_its_own_things(alice: Person, route: str) -> None:
    needed = scope(route)
    others = tuple(each for each in SCOPES if each != needed)
    lacking = token_of(alice.server, alice.id, scopes=others)
    before = stored(alice)
    with face(alice.server, token=lacking) as client:
        answer = ask(client, route, alice.owns)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_scope")
        assert needed in answer.text
        assert told(answer) == told(ask(client, route, nowhere(owns={})))
    assert stored(alice) == before


@pytest.fixture(scope="module")
def owner(server: Server) -> Person:
    return furnish(person(server))


@pytest.mark.parametrize("route", CLOSED)
def test_the_owner_may(owner: Person, route: str) -> None:
    """Else the matrix would prove nothing: what it sends is worth sending, with the one scope it needs."""
    if not ROUTES[route].positive:
        pytest.skip("another test shows that it works")
    enough = token_of(owner.server, owner.id, scopes=(scope(route),))
    with face(owner.server, token=enough) as client:
        answer = ask(client, route, owner.owns)
    assert answer.status_code < 300, answer.text
