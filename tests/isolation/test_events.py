"""The isolation matrix over the page's socket: every event of every page, sent to what is another's."""

from typing import Any

import pytest
from websockets import InvalidStatus, Origin
from websockets.asyncio.client import connect

from tests.app.serving import Server
from tests.app.tabs import CHAT, NAMESPACE, STATE, Tab, opened
from tests.isolation.events import EVENTS, FRAMEWORK, SETVAR, settled, wire_name
from tests.isolation.people import Person, furnish, guest, person, stored
from tests.isolation.routes import filled
from tests.isolation.test_routes import without_a_right

pytestmark = pytest.mark.xdist_group("isolation")


def test_every_event_of_the_pages_is_in_the_matrix(listing: dict[str, Any]) -> None:
    found = {".".join(event) for event in listing["events"] if event[2] != SETVAR}
    assert {event for event in found if not event.startswith(FRAMEWORK)} == EVENTS.keys()


@pytest.fixture(scope="module")
def visitor(server: Server) -> Person:
    return guest(server)


async def tried(event: str, victim: Person, tab: Tab) -> None:
    """Send an event about another's things, and hear what comes of it."""
    await tab.send(f"{STATE}.hydrate")
    await tab.send(f"{CHAT}.arrive")
    await tab.send(wire_name(event), filled(EVENTS[event].payload, victim.owns))
    await settled(tab)


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("who", ["a person", "a guest"])
async def test_an_event_reaches_nothing_of_another_person(
    alice: Person, bob: Person, visitor: Person, who: str, event: str
) -> None:
    stranger = {"a person": bob, "a guest": visitor}[who]
    before = stored(alice)
    for at in (alice, stranger):  # the address of another's session, and one's own with another's ids
        async with opened(alice.server, f"/s/{at.owns['session_id']}", cookie=stranger.cookie) as tab:
            await tried(event, alice, tab)
            heard = "".join(tab.heard)
            assert alice.word not in heard
            assert "Traceback" not in heard
            if at is alice:
                assert not tab.of(CHAT, "session_id")
            elif EVENTS[event].payload == {}:  # else it is sent by the stranger, and may come back
                assert alice.owns["session_id"] not in heard
    assert stored(alice) == before


@pytest.fixture(scope="module")
def owner(server: Server) -> Person:
    return furnish(person(server))


@pytest.mark.parametrize("event", [event for event, sent in EVENTS.items() if sent.positive])
async def test_the_owner_may_send_it(owner: Person, event: str) -> None:
    """Else the matrix would prove nothing: what it sends does something."""
    async with opened(owner.server, f"/s/{owner.owns['session_id']}", cookie=owner.cookie) as tab:
        await tab.send(f"{STATE}.hydrate")
        await tab.send(f"{CHAT}.arrive")
        await tab.until(lambda: tab.of(CHAT, "session_id") == owner.owns["session_id"])
        await tab.send(wire_name(event), filled(EVENTS[event].payload, owner.owns))
        await tab.send(f"{CHAT}.choose_model", {"model": "wrong"})
        await tab.until(lambda: tab.sentence)
        assert "wrong" in tab.sentence


async def test_who_has_no_right_gets_no_socket(alice: Person) -> None:
    address = f"ws://127.0.0.1:{alice.server.port}{NAMESPACE}/?EIO=4&transport=websocket&token=x"
    for kind, proof in without_a_right(alice).items():
        headers = {"cookie": proof.get("cookie", "")}
        if token := proof.get("token"):
            headers["authorization"] = f"Bearer {token}"
        with pytest.raises(InvalidStatus) as refused:
            async with connect(address, origin=Origin(alice.server.url), additional_headers=headers):
                pytest.fail(kind)
        assert refused.value.response.status_code in {401, 403}, kind
