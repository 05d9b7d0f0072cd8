"""A server that is open to guests: two of them over the API and the page, and what is left of them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from app.api.scopes import SETTINGS
from tests.app.api.streams import turn
from tests.app.documented import document
from tests.app.serving import PATIENCE, VISIT, Server, serving
from tests.app.tabs import CHAT, FLASH, HISTORY, LIST, RUN, Tab, opened
from tests.servers import NO_TLS

PLACES = (f"192.0.2.{number}" for number in count(1))
SPOKEN: dict[str, Any] = {"type": "prompt", "text": "count to 1"}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("PUT", "/sessions/{session_id}/draft"): {"text": "Mine"},
    ("PATCH", "/sessions/{session_id}"): {"name": "Mine now"},
    ("POST", "/sessions/{session_id}/checkpoints"): {"name": "Mine now"},
    ("POST", "/sessions/{session_id}/commands"): SPOKEN,
    ("POST", "/sessions/{session_id}/fork"): {"seq": 1},
}
FOR_PEOPLE = {("GET", "/sessions/{session_id}/approvals/{approval_id}/preview")}
"""What a rule would mean, which guests have none of."""
OF_SESSIONS = "login_sessions|sessions|events|passages|sqlite_sequence"
"""Tables, and those the database keeps for itself."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {
        "MAESTRO_AUTH": "anonymous",
        "MAESTRO_DEFAULT_MODEL": "demo:scripted",
        "MAESTRO_TRUSTED_PROXIES": "127.0.0.0/8",
        "MAESTRO_LIMITS": "off",
        "MAESTRO_WORKSPACE_ROOTS": "/",
    }
    with serving(tmp_path_factory.mktemp("guests") / "data", **settings) as running:
        yield running


def cookie_from(server: Server, place: str) -> httpx2.Response:
    """What a browser's first visit is answered."""
    with httpx2.Client(base_url=server.url, timeout=PATIENCE, verify=NO_TLS) as browser:
        return browser.get("/", headers={**VISIT, "x-forwarded-for": place})


@contextmanager
def visiting(server: Server, place: str = "") -> Iterator[httpx2.Client]:
    """The API with the cookie of a new guest."""
    place = place or next(PLACES)
    cookie = cookie_from(server, place).headers["set-cookie"].partition(";")[0]
    headers = {"cookie": cookie, "origin": server.url, "x-forwarded-for": place}
    url = f"{server.url}/api/v1/"
    with httpx2.Client(base_url=url, headers=headers, timeout=PATIENCE, verify=NO_TLS) as client:
        yield client


@pytest.fixture(scope="module")
def here(server: Server) -> Iterator[httpx2.Client]:
    """A guest with one session, in which something was said."""
    with visiting(server) as client:
        yield client


@pytest.fixture(scope="module")
def session(here: httpx2.Client) -> str:
    return begun(here)


@pytest.fixture(scope="module")
def other(server: Server) -> Iterator[httpx2.Client]:
    with visiting(server) as client:
        yield client


def begun(client: httpx2.Client, **wanted: str) -> str:
    """A session in which something was said."""
    session = client.post("sessions", json={"name": "heron", **wanted}).raise_for_status().json()["id"]
    turn(client, session, "count to 1")
    return session


def routes() -> list[tuple[str, str]]:
    """Every method and path of the API."""
    paths: dict[str, dict[str, object]] = document()["paths"]
    return sorted((method.upper(), path) for path, methods in paths.items() for method in methods)


def test_a_first_visit_gets_a_cookie_of_its_own_that_no_script_reads(server: Server) -> None:
    first, second = (cookie_from(server, next(PLACES)).headers["set-cookie"] for _ in range(2))
    name, *attributes = first.split("; ")
    assert name.startswith(f"maestro-{server.port}=mss_")
    assert set(attributes) == {"Path=/", "HttpOnly", "SameSite=Lax", f"Max-Age={7 * 24 * 3600}"}
    assert name != second.partition(";")[0]


def test_a_guest_is_somebody_and_who_shows_nothing_is_nobody(here: httpx2.Client, server: Server) -> None:
    me = here.get("me").json()
    assert (me["provider"], me["email"], me["is_admin"]) == ("anonymous", "", False)
    with server.stranger() as stranger:
        assert stranger.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [one for one in routes() if "{session_id}" in one[1] and one not in FOR_PEOPLE],
    ids=str,
)
def test_s39_no_guest_reaches_anothers_session(
    here: httpx2.Client, other: httpx2.Client, session: str, method: str, path: str
) -> None:
    before = here.get(f"sessions/{session}").json()
    answers: list[tuple[int, object]] = []
    for asked in (session, str(uuid4())):
        values = {"session_id": asked, "checkpoint_id": str(uuid4()), "number": "1"}
        address = re.sub(r"\{(\w+)\}", lambda found, values=values: values.get(found[1], "1"), path)
        answer = other.request(method, address.lstrip("/"), json=BODIES.get((method, path)))
        told = answer.json()
        told.pop("request_id", None)
        answers.append((answer.status_code, told))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert here.get(f"sessions/{session}").json() == before


def test_lists_hold_ones_own_alone(here: httpx2.Client, other: httpx2.Client, session: str) -> None:
    assert [one["id"] for one in here.get("sessions").json()["sessions"]] == [session]
    assert other.get("sessions").json()["sessions"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [one for one in routes() if SETTINGS.match(one[1]) and one[0] in {"GET", "DELETE"}],
    ids=str,
)
def test_settings_are_for_people(here: httpx2.Client, method: str, path: str) -> None:
    values = {"tool": "shell", "provider": "openai"}
    address = re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], str(uuid4())), path)
    answer = here.request(method, address.lstrip("/"))
    assert (answer.status_code, answer.json()["code"]) == (403, "guest")
    assert answer.json()["detail"] == "This is not for guests."


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "rules", {"tool": "shell", "decision": "allow", "commands": ["ls"]}),
        ("PUT", "permissions/shell", {"sandbox_bypassed": True}),
        ("POST", "openapi-services", {"name": "a", "text": "openapi: 3.0.0"}),
        ("POST", "tokens", {"name": "mine"}),
        ("PUT", "credentials/openai", {"secret": "sk-heron"}),
        ("POST", "sessions", {"workspace": "/"}),
    ],
)
def test_nothing_is_kept_for_a_guest(
    here: httpx2.Client, method: str, path: str, body: dict[str, Any]
) -> None:
    answer = here.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "guest")


def stored(server: Server) -> dict[str, int]:
    """How many rows each table has."""
    with server.database() as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608
            for name in names
        }


def test_a_visit_leaves_a_cookies_hash_and_sessions_and_nothing_else(server: Server) -> None:
    before = stored(server)
    with visiting(server) as here:
        session = here.post("sessions", json={"mode": "auto"}).json()["id"]
        for text in ("write a.txt with Hello", "run ls", "read a.txt", "count to 2"):
            turn(here, session, text)
        here.post(f"sessions/{session}/checkpoints", json={"name": "Here"}).raise_for_status()
        for path in ("me", "models", "providers", "rules", "sessions", f"sessions/{session}"):
            here.get(path)
    after = stored(server)
    more = {name for name, rows in after.items() if rows != before[name]}
    assert {"sessions", "events", "login_sessions"} <= more
    assert not {name for name in more if not re.match(OF_SESSIONS, name)}


def test_no_shell_runs_for_a_guest(server: Server) -> None:
    with visiting(server) as here:
        session = here.post("sessions", json={"mode": "auto"}).json()
        heard = turn(here, session["id"], "run touch ran.txt")
    assert heard[-1].event == "TurnFinished"
    assert not [sent for sent in heard if sent.event == "ToolCallStarted"]
    assert not (Path(session["workspace"]) / "ran.txt").exists()


def test_s39_what_is_used_up_stays_so_with_a_new_cookie(server: Server) -> None:
    place = next(PLACES)
    with server.database() as database:
        before = {row[0] for row in database.execute("SELECT id FROM login_sessions")}
    with visiting(server, place) as first, visiting(server, place) as second:
        session = begun(first)
        theirs = begun(second)
        with server.database() as database:
            marks = ",".join("?" * len(before))
            database.execute(
                f"UPDATE login_sessions SET prompts = 30 WHERE id NOT IN ({marks})",  # noqa: S608
                [*before],
            )
        assert first.post(f"sessions/{session}/commands", json=SPOKEN).json()["code"] == "guest_prompts"
        assert second.post(f"sessions/{theirs}/commands", json=SPOKEN).json()["code"] == "guest_prompts"
        with visiting(server, place) as third:
            fresh = third.post("sessions", json={}).json()["id"]
            answer = third.post(f"sessions/{fresh}/commands", json=SPOKEN)
            assert (answer.status_code, answer.json()["code"]) == (429, "guest_place")
            assert 86_000 < int(answer.headers["retry-after"]) <= 86_400
    with visiting(server) as elsewhere:
        begun(elsewhere)


def test_s40_cookies_are_not_handed_out_without_end(server: Server) -> None:
    place = next(PLACES)
    answers = [cookie_from(server, place) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].json()["code"] == "guests"
    assert "set-cookie" not in answers[-1].headers


async def arrive(tab: Tab) -> None:
    await tab.send(f"{CHAT}.arrive")
    await tab.until(lambda: tab.of(CHAT, "model") and tab.of(RUN, "label"))


async def test_a_guest_works_on_the_page(server: Server) -> None:
    with visiting(server) as here:
        cookie = here.headers["cookie"]
        async with opened(server, cookie=cookie) as tab:
            await arrive(tab)
            await tab.send(f"{CHAT}.send", {"form": {"prompt": "count to 2"}})
            await tab.until(lambda: tab.events)
            path = tab.events[0]["payload"]["path"]
        async with opened(server, path, cookie) as tab:
            await arrive(tab)
            await tab.idle_after(1)
            said = tab.answer or "".join(tab.rows[-1]["chunks"])
            assert said.endswith("w1 w2")
        [session] = here.get("sessions").json()["sessions"]
        assert f"/s/{session['id']}" == path


async def test_s39_a_guests_page_shows_nothing_of_anothers(
    server: Server, here: httpx2.Client, other: httpx2.Client, session: str
) -> None:
    before = here.get(f"sessions/{session}").json()
    async with opened(server, f"/s/{session}", other.headers["cookie"]) as tab:
        await tab.send(f"{CHAT}.arrive")
        await tab.until(lambda: tab.sentence)
        assert tab.sentence == "There is no such session here."
        await tab.send(f"{CHAT}.choose_mode", {"mode": "auto"})
        await tab.send(f"{CHAT}.stop", {"turn_id": ""})
        await tab.send(f"{FLASH}.close")
        await tab.until(lambda: not tab.sentence)
        assert not tab.of(HISTORY, "rows")
        assert not tab.of(LIST, "sessions")
        assert not [message for message in tab.heard if "heron" in message]
    assert here.get(f"sessions/{session}").json() == before
