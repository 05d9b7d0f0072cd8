"""Secrets that exist once are driven through every surface, and found nowhere but where they belong (S36)."""

import base64
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx2
import psutil
import pytest

from tests.app.api.streams import turn
from tests.app.serving import Server
from tests.app.tabs import CHAT, STATE, opened
from tests.isolation.events import EVENTS, settled, wire_name
from tests.isolation.matrix import ask, shown
from tests.isolation.models import Told
from tests.isolation.people import SETTINGS, WORKS, Person, furnish, made, person
from tests.isolation.routes import OPEN, ROUTES, in_order

pytestmark = pytest.mark.xdist_group("isolation")

WRONG_PLACES = ("name", "q", "cursor", "model", "token", "access_token", "key")


def forms(secret: str) -> Iterator[str]:
    """A secret, and how it looks when it was packed."""
    yield secret
    yield quote(secret, safe="")
    yield secret.encode().hex()
    yield secret[::-1]
    for shift in range(3):
        packed = base64.b64encode(shift * b" " + secret.encode()).decode().rstrip("=")
        yield packed[4:-4]


def found_in(text: str, canaries: dict[str, str]) -> list[str]:
    return [name for name, secret in canaries.items() if any(form in text for form in forms(secret))]


def test_a_secret_is_found_however_it_is_packed() -> None:
    secret = secrets.token_hex(20)
    said = [f"x {secret}", base64.b64encode(f"key {secret}".encode()).decode(), secret.encode().hex()]
    assert [found_in(each, {"key": secret}) for each in said] == [["key"]] * 3


@pytest.fixture(scope="module")
def somebody(server: Server) -> Person:
    return furnish(person(server))


@pytest.fixture(scope="module")
def canaries(somebody: Person) -> dict[str, str]:
    """One secret of each kind, all in use."""
    key, kept = f"sk-{secrets.token_hex(20)}", secrets.token_hex(20)
    with somebody.client() as client:
        client.put("credentials/compatible", json={"secret": key}).raise_for_status()
        changes = {"credentials": {"key": kept}}
        client.patch(f"openapi-services/{somebody.owns['service_id']}", json=changes).raise_for_status()
        asked = client.post("cli/auth/initiate", json={"client_name": "a canary's cage"}).json()
        again = client.post("tokens", json={"name": "shown once", "expires_in_days": 1}).json()["token"]
    return {
        "token": somebody.token,
        "cookie": somebody.cookie.partition("=")[2],
        "token that was shown once": again,
        "device code": asked["device_code"],
        "user code": asked["user_code"],
        "provider key": key,
        "credential of a service": kept,
        "secret key": SETTINGS["MAESTRO_SECRET_KEY"],
        "secret of our client": SETTINGS["OIDC_CLIENT_SECRET"],
    }


def test_no_answer_tells_a_secret(somebody: Person, canaries: dict[str, str]) -> None:
    keeping = {"POST /tokens", "PUT /credentials/{provider}"}
    with somebody.client() as client:
        for route in (each for each in in_order() if not ROUTES[each].last and each not in keeping):
            answer = ask(client, route, somebody.owns)
            assert found_in(f"{shown(answer)}{answer.headers}", canaries) == [], route


def test_no_problem_repeats_a_secret(somebody: Person, canaries: dict[str, str]) -> None:
    """What was sent to the wrong place, or in the wrong form, is not said back nor written down."""
    with somebody.client() as client:
        for secret in canaries.values():
            for body in ({"secret": [secret]}, {"secret": f"{secret} twice"}, {"secret": secret, "x": 1}):
                answer = client.put("credentials/compatible", json=body)
                assert answer.status_code == 422
                assert found_in(answer.text, canaries) == []
            header = {"authorization": f"Bearer {secret}x"}
            assert found_in(client.get("me", headers=header).text, canaries) == []
            for name in WRONG_PLACES:
                answer = client.get(f"sessions?cursor=x&{name}={secret}")
                assert found_in(answer.text, canaries) == [], name


SHOWING = {"arrive", "look", "offer", "get_ready", "show_earlier", "jump"}
"""Events that only show something."""


async def test_no_frame_of_a_page_tells_a_secret(somebody: Person, canaries: dict[str, str]) -> None:
    for path in ("/", f"/s/{somebody.owns['session_id']}", "/settings", "/device"):
        async with opened(somebody.server, path, cookie=somebody.cookie) as tab:
            await tab.send(f"{STATE}.hydrate")
            for event in EVENTS:
                if event.rsplit(".", 1)[1] in SHOWING:
                    await tab.send(wire_name(event), EVENTS[event].payload)
            await tab.send(f"{CHAT}.no_such_event")
            await settled(tab)
            assert found_in("".join(tab.heard), canaries) == [], path


def test_no_model_is_told_a_secret(somebody: Person, canaries: dict[str, str], models: Told) -> None:
    with somebody.client() as client:
        session_id = made(client, "sessions", {**WORKS, "model": "compatible:m"})["id"]
        heard = turn(client, session_id, "Say hello.")
        assert "Hello" in json.dumps([event.data for event in heard])
        exports = [
            client.get(f"sessions/{session_id}/export?format={form}").text for form in ("json", "markdown")
        ]
    assert f"Bearer {canaries['provider key']}" in models.keys
    assert found_in("".join(models.rest), canaries) == []
    assert found_in("".join(exports), canaries) == []


def test_no_log_has_a_secret(server: Server, canaries: dict[str, str]) -> None:
    """After all that went before, at the level that says most; tokens are masked, whoever logs them."""
    log = server.log.read_text()
    assert "debug" in log
    assert found_in(log, canaries) == []


def test_no_file_has_a_secret(server: Server, canaries: dict[str, str]) -> None:
    files = [path for path in server.data.rglob("*") if path.is_file()]
    assert {"app.db", "engine.db"} <= {path.name for path in files}
    for path in files:
        assert found_in(path.read_bytes().decode("latin-1"), canaries) == [], path


def test_no_process_shows_a_secret(server: Server, canaries: dict[str, str]) -> None:
    """The server's own environment has what it was given there; nobody's arguments and no child have any."""
    program = psutil.Process(server.running.pid)
    given = {"secret key", "secret of our client"}
    assert set(found_in(" ".join(program.environ().values()), canaries)) <= given
    for each in (program, *program.children(recursive=True)):
        assert found_in(" ".join(each.cmdline()), canaries) == []
        if each.pid != program.pid:
            told = Path(f"/proc/{each.pid}/environ").read_bytes().decode("latin-1")
            assert found_in(told, canaries) == [], each.name()


def test_the_file_of_the_page_has_no_secret(server: Server, canaries: dict[str, str]) -> None:
    with server.stranger() as browser:
        for path in ("/", "/login", "/settings", "/device", "/healthz", "/readyz", "/api/v1/openapi.json"):
            answer: httpx2.Response = browser.get(path)
            assert found_in(f"{answer.text}{answer.headers}", canaries) == [], path


def test_every_open_route_was_meant_to_be(server: Server) -> None:
    with server.stranger() as client:
        for route in OPEN:
            answer = client.request(route.split()[0], f"/api/v1{route.split()[1]}", json={})
            assert answer.status_code in {200, 400}
