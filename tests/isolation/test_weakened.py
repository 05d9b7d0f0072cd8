"""The matrix bites: with any one ownership check taken away, it finds a fault."""

import random
from collections.abc import Iterator

import httpx2
import pytest

from tests.app.serving import Server, serving
from tests.isolation.interference import crowding, interferences
from tests.isolation.matrix import fault
from tests.isolation.models import Told
from tests.isolation.people import SETTINGS, Person, forget_settings, furnish, person, stored
from tests.isolation.routes import in_order
from tests.isolation.test_doors import DOORS
from tests.isolation.weakening import ROOT, checks

pytestmark = pytest.mark.xdist_group("isolation")

REDUNDANT = {
    "agent/store/rules.py::hit_in#0": "the rule is one of those that hold for this person",
    "agent/store/rules.py::_forget_what_ended#0": "a person's rules are about their own sessions",
    "agent/accounts/api_tokens.py::require_room#1": "locks the row; what is counted is asked for behind it",
    "agent/sessions/leaving.py::settle#0": "waits for turns to end, and changes nothing",
    "agent/sessions/leaving.py::remove#0": "the session is one of those that are the person's",
    "agent/sessions/browsing.py::needing#0": "marks sessions of a list that has the person's own alone",
}
"""Checks that stand behind another one, so that nothing comes of their absence alone."""
HANDFUL = (
    "agent/core/identity.py::Session.belongs_to#0",
    "agent/accounts/api_tokens.py::revoke#0",
    "agent/accounts/credentials.py::_of#0",
    "agent/sessions/rows.py::_row#0",
    "agent/store/audit.py::entries_of#0",
    "agent/store/rules.py::HOLDING#0",
    "agent/tooling/openapi/keeping.py::_mine#0",
)
"""Of each kind one: a method, a row, a query, one within a transaction, one that is bound later."""
PAGES = "tests/isolation/test_events.py::test_an_event_reaches_nothing_of_another_person"
ELSEWHERE = {
    "agent/sessions/browsing.py::places#0": PAGES,
    "agent/sessions/quotas.py::_at_place#1": (
        "tests/agent/sessions/test_quotas.py::test_s39_a_new_cookie_is_no_new_quota"
    ),
}
"""Checks that other tests notice: what only a page shows, and what a place has used up."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, models: Told) -> Iterator[Server]:
    """A server of its own: without a check, anything may happen to whoever is on it."""
    data = tmp_path_factory.mktemp("weakened") / "data"
    settings = {**SETTINGS, "OPENAI_COMPATIBLE_BASE_URL": models.url}
    with serving(data, program="tests.isolation.program", **settings) as running:
        person(running, is_admin=True)
        yield running


@pytest.fixture
def healing(own: httpx2.Client) -> Iterator[httpx2.Client]:
    yield own
    own.get("heal").raise_for_status()


def faults(victim: Person, stranger: Person) -> Iterator[str]:
    """What the matrix finds, route by route, and then in what one does beside the other."""
    before = stored(victim)
    with stranger.client() as client:
        for route in in_order():
            if found := fault(client, route, victim, stranger.owns):
                yield found
            if not route.startswith("GET") and stored(victim) != before:
                yield f"{route}: changes what is another's"
    yield from interferences(stranger, victim)
    yield from crowding(victim.server)


@pytest.fixture
def pair(server: Server) -> Iterator[list[Person]]:
    two = [furnish(person(server)), furnish(person(server))]
    yield two
    for each in two:
        forget_settings(each)


def test_nothing_is_found_while_all_checks_stand(pair: list[Person]) -> None:
    found = "\n".join(faults(*pair))
    assert not found, found


def is_noticed(name: str, own: httpx2.Client, pair: list[Person]) -> bool:
    own.get("weaken", params={"of": name}).raise_for_status()
    try:
        return next(faults(*pair), None) is not None
    except (AssertionError, httpx2.HTTPError):
        return True  # so much is wrong that the matrix cannot even be gone through


@pytest.mark.parametrize("name", HANDFUL)
def test_a_check_that_is_gone_is_noticed(pair: list[Person], healing: httpx2.Client, name: str) -> None:
    assert is_noticed(name, healing, pair)


def test_any_check_that_is_gone_is_noticed(
    pair: list[Person], healing: httpx2.Client, rng: random.Random
) -> None:
    """One of all, another each time: in the long run each has been taken away."""
    name = rng.choice(sorted(checks().keys() - REDUNDANT.keys() - ELSEWHERE.keys() - DOORS.keys()))
    assert is_noticed(name, healing, pair), name


def test_what_is_proved_elsewhere_is_there() -> None:
    assert checks().keys() >= REDUNDANT.keys() | ELSEWHERE.keys() | DOORS.keys()
    for test in ELSEWHERE.values():
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text("utf-8"), test
