"""What is open ends when the right to it ends: signed out, revoked, demoted, removed (S02, S06, S10)."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import httpx2
import pytest
from websockets import ConnectionClosed

from agent.accounts.tokens import hashed
from tests.app.api.streams import sent
from tests.app.serving import PATIENCE, Server
from tests.app.tabs import CHAT, Tab, opened
from tests.isolation.people import Person, face, furnish, person, stored

pytestmark = pytest.mark.xdist_group("isolation")

Loss = Callable[[Person], None]


def by_api(method: str, path: str) -> Loss:
    """Ask for it with the person's other way in."""

    def ask(somebody: Person) -> None:
        way = {"cookie": somebody.cookie} if "token_id" in path else {"token": somebody.token}
        with face(somebody.server, **way) as client:
            client.request(method, path.format(**somebody.owns)).raise_for_status()

    return ask


def by_form(somebody: Person) -> None:
    """Sign out as the page does."""
    headers = {"cookie": somebody.cookie, "origin": somebody.server.url}
    with somebody.server.stranger() as browser:
        answer = browser.post("/auth/logout", headers=headers)
    assert answer.status_code < 400


def in_table(statement: str) -> Loss:
    """As another process of the same server does it."""

    def write(somebody: Person) -> None:
        with somebody.server.database() as database:
            keys = {"id": UUID(somebody.id).hex, "hash": hashed(somebody.token)}
            assert database.execute(statement, keys).rowcount

    return write


COOKIES: dict[str, Loss] = {
    "signed out": by_form,
    "ended from elsewhere": by_api("DELETE", "me/sign-ins/{sign_in_id}"),
    "signed out everywhere": by_api("POST", "me/sign-out-everywhere"),
    "removed": by_api("DELETE", "users/{user_id}"),
    "expired": in_table("UPDATE login_sessions SET expires_at = '2020-01-01' WHERE user_id = :id"),
    "demoted": in_table("UPDATE users SET is_admin = 0 WHERE id = :id"),
}
TOKENS: dict[str, Loss] = {
    "revoked": by_api("DELETE", "tokens/{token_id}"),
    "removed": by_api("DELETE", "users/{user_id}"),
    "expired": in_table("UPDATE api_tokens SET expires_at = '2020-01-01' WHERE token_hash = :hash"),
    "less scopes": in_table("UPDATE api_tokens SET scopes = '[]' WHERE token_hash = :hash"),
    "demoted": in_table("UPDATE users SET is_admin = 0 WHERE id = :id"),
}


@pytest.fixture
def leaver(server: Server) -> Person:
    """Somebody who is about to lose a right; another administrator stays."""
    person(server, is_admin=True)
    return furnish(person(server, is_admin=True))


async def ended(tab: Tab) -> None:
    """Listen until the other side hangs up."""
    async with asyncio.timeout(PATIENCE):
        with suppress(ConnectionClosed):
            while True:
                await tab.hear()


@pytest.mark.parametrize("loss", COOKIES)
async def test_s06_a_page_that_is_open_is_shut(leaver: Person, loss: str) -> None:
    session_id = leaver.owns["session_id"]
    async with opened(leaver.server, f"/s/{session_id}", cookie=leaver.cookie) as tab:
        await tab.send(f"{CHAT}.arrive")
        await tab.until(lambda: tab.of(CHAT, "session_id") == session_id)
        await asyncio.to_thread(COOKIES[loss], leaver)
        await ended(tab)
        assert tab.connection.close_code == 1008


@pytest.mark.parametrize("loss", TOKENS)
def test_a_stream_that_is_open_ends(leaver: Person, loss: str) -> None:
    path = f"sessions/{leaver.owns['session_id']}/events"
    with leaver.client() as client, client.stream("GET", path) as answer:
        events = sent(answer.iter_lines())
        assert next(events).event == "TurnStarted"
        TOKENS[loss](leaver)
        assert [event.event for event in events][-1] == "Problem"


@pytest.mark.parametrize("loss", [loss for loss in TOKENS if loss != "demoted"])
def test_a_token_is_refused_from_then_on(leaver: Person, loss: str) -> None:
    with leaver.client() as client:
        assert client.get("sessions").status_code == 200
        TOKENS[loss](leaver)
        poll(client, lambda answer: answer.status_code in {401, 403})


@pytest.mark.parametrize("loss", [loss for loss in COOKIES if loss != "demoted"])
def test_s10_a_cookie_is_refused_from_then_on(leaver: Person, loss: str) -> None:
    with face(leaver.server, cookie=leaver.cookie) as client:
        assert client.get("sessions").status_code == 200
        COOKIES[loss](leaver)
        poll(client, lambda answer: answer.status_code == 401)


def poll(client: httpx2.Client, is_so: Callable[[httpx2.Response], bool]) -> None:
    """Ask until the server has noticed what another process wrote."""
    end = time.monotonic() + PATIENCE
    while not is_so(client.get("sessions")):
        assert time.monotonic() < end, "The right is believed for ever."


async def test_what_is_sent_before_the_socket_ends_does_nothing(leaver: Person) -> None:
    """A right that has ended is refused at once, though the socket may stand for another second."""
    session_id = leaver.owns["session_id"]
    async with opened(leaver.server, f"/s/{session_id}", cookie=leaver.cookie) as tab:
        await tab.send(f"{CHAT}.arrive")
        await tab.until(lambda: tab.of(CHAT, "session_id") == session_id)
        await asyncio.to_thread(by_form, leaver)
        before = stored(leaver)["events"]
        with suppress(ConnectionClosed):
            await tab.send(f"{CHAT}.send", {"form": {"prompt": "count to 1"}})
        await ended(tab)
    assert stored(leaver)["events"] == before
