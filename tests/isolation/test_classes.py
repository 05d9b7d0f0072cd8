"""S01-S40 by name: a short proof of each that can be had over HTTP, and that the long ones are there."""

import ast
import re
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from websockets import InvalidStatus, Origin
from websockets.asyncio.client import connect

from agent.core.identity import SCOPES
from tests.app.serving import ROOT, Server
from tests.app.tabs import CHAT, NAMESPACE, STATE, opened
from tests.isolation.classes import CLASSES
from tests.isolation.events import settled
from tests.isolation.matrix import ask, told
from tests.isolation.people import Person, face, person, stored, token_of
from tests.isolation.routes import NO_SCOPE, OPEN, ROUTES, in_order, nowhere, scope

pytestmark = pytest.mark.xdist_group("isolation")

HERE = Path(__file__)


def names(path: Path) -> set[str]:
    """The functions of a file."""
    tree = ast.parse(path.read_text("utf-8"))
    found = ast.walk(tree)
    return {node.name for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_class_has_its_place() -> None:
    assert list(CLASSES) == [f"S{number:02}" for number in range(1, 41)]


@pytest.mark.parametrize("number", CLASSES)
def test_each_class_has_a_proof_that_is_named_after_it_or_does_not_apply(number: str) -> None:
    found = CLASSES[number]
    for proof in found.proofs:
        file, _, name = proof.partition("::")
        assert name in names(ROOT / file), proof
    proofs = {proof.partition("::")[2] for proof in found.proofs} | names(HERE)
    is_named = any(re.match(rf"test_(s\d\d_)*{number.lower()}_", name) for name in proofs)
    assert is_named != bool(found.why_not)


def not_there(client: httpx2.Client, route: str, owns: dict[str, str], *known: str) -> bool:
    """Whether an answer is the one for what does not exist."""
    unknown = nowhere(*known, owns=owns)
    return told(ask(client, route, owns)) == told(ask(client, route, unknown))


def test_s01_another_persons_session_is_one_that_does_not_exist(alice: Person, bob: Person) -> None:
    with bob.client() as client:
        answer = client.get(f"sessions/{alice.owns['session_id']}")
        assert answer.status_code == 404
        assert not_there(client, "GET /sessions/{session_id}", alice.owns)


def test_s02_another_persons_stream_is_not_heard(alice: Person, bob: Person) -> None:
    with bob.client() as client:
        assert not_there(client, "GET /sessions/{session_id}/events", alice.owns)
    with face(alice.server) as client:
        assert ask(client, "GET /sessions/{session_id}/events", alice.owns).status_code == 401


def test_s03_a_child_is_looked_for_under_its_own_parent(alice: Person, bob: Person) -> None:
    mixed = {**alice.owns, "session_id": bob.owns["session_id"]}
    with bob.client() as client:
        for route in (
            "POST /sessions/{session_id}/checkpoints/{checkpoint_id}/restore",
            "DELETE /sessions/{session_id}/jobs/{number}",
            "GET /sessions/{session_id}/approvals/{approval_id}/preview",
        ):
            assert not_there(client, route, mixed, "session_id")
        answer = {"type": "answer", "approval_id": alice.owns["approval_id"], "answer": "allow_once"}
        assert client.post(f"sessions/{mixed['session_id']}/commands", json=answer).status_code == 409
        rule = {"tool": "shell", "decision": "ask", "session_id": alice.owns["session_id"]}
        assert client.post("rules", json=rule).status_code == 404


@pytest.mark.parametrize("verb", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("relation", ["stranger", "administrator"])
def test_s04_no_relation_but_the_owners_opens_a_session(
    alice: Person, server: Server, verb: str, relation: str
) -> None:
    somebody = person(server, is_admin=relation == "administrator")
    before = stored(alice)
    with somebody.client() as client:
        assert not_there(client, f"{verb} /sessions/{{session_id}}", alice.owns)
    assert stored(alice) == before


def test_s05_a_token_that_reads_writes_nowhere(alice: Person) -> None:
    reads = token_of(alice.server, alice.id, scopes=tuple(each for each in SCOPES if "read" in each))
    before = stored(alice)
    with face(alice.server, token=reads) as client:
        for route in in_order():
            if scope(route).endswith("write"):
                assert ask(client, route, alice.owns).status_code == 403
    assert stored(alice) == before


async def test_s05_a_token_opens_no_page(alice: Person) -> None:
    address = f"ws://127.0.0.1:{alice.server.port}{NAMESPACE}/?EIO=4&transport=websocket&token=x"
    headers = {"authorization": f"Bearer {alice.token}"}
    with pytest.raises(InvalidStatus):
        async with connect(address, origin=Origin(alice.server.url), additional_headers=headers):
            pass


@pytest.mark.parametrize("place", ["token", "access_token", "api_key", "key", "authorization", "bearer"])
def test_s07_a_token_is_taken_from_its_header_alone(alice: Person, place: str) -> None:
    with face(alice.server) as client:
        assert client.get(f"me?{place}={alice.token}").status_code == 401
        assert client.get("me", headers={f"x-{place}": alice.token}).status_code == 401
        assert client.get("me", headers={"cookie": f"{place}={alice.token}"}).status_code == 401
        assert client.post("sessions", data={place: alice.token}).status_code == 401


@pytest.mark.parametrize("way", ["Bearer", "bearer", "BEARER"])
def test_s07_each_way_to_write_the_header_has_the_same_scopes(alice: Person, way: str) -> None:
    lacking = token_of(alice.server, alice.id, scopes=("sessions:read",))
    with face(alice.server) as client:
        for route in in_order():
            if route not in NO_SCOPE and scope(route) != "sessions:read":
                client.headers["authorization"] = f"{way} {lacking}"
                assert ask(client, route, alice.owns).status_code == 403


@pytest.mark.parametrize(
    "header",
    ["x-forwarded-user", "x-user-id", "x-remote-user", "remote-user", "x-auth-request-email", "x-real-ip"],
)
def test_s08_no_header_says_who_asks(alice: Person, bob: Person, header: str) -> None:
    with face(alice.server) as client:
        assert client.get("me", headers={header: alice.id}).status_code == 401
    with bob.client() as client:
        assert client.get("me", headers={header: alice.id}).json()["id"] == bob.id


def test_s09_every_documented_route_asks_who_it_is(server: Server) -> None:
    with face(server) as client:
        document = client.get("openapi.json").json()
        for path, verbs in document["paths"].items():
            for verb in set(verbs) & {"get", "put", "post", "patch", "delete"}:
                if f"{verb.upper()} {path}" not in OPEN:
                    filled = path.replace("{", "").replace("}", "")
                    assert client.request(verb.upper(), filled.removeprefix("/")).status_code == 401


def policy(server: Server, path: str = "/") -> dict[str, str]:
    with server.stranger() as browser:
        rules = browser.get(path).headers["content-security-policy"].split("; ")
    return dict(rule.split(" ", 1) for rule in rules)


@pytest.mark.parametrize("path", ["/", "/login", "/settings", "/device", "/s/x"])
def test_s11_s12_s37_a_page_runs_and_loads_its_own_alone(server: Server, path: str) -> None:
    rules = policy(server, path)
    assert "unsafe" not in rules["script-src"]
    assert rules["default-src"] == rules["connect-src"] == "'self'"
    assert rules["img-src"] == "'self' data:"
    assert rules["object-src"] == rules["frame-ancestors"] == "'none'"


def test_s12_nothing_is_loaded_from_afar(server: Server) -> None:
    assert "*" not in str(policy(server))
    assert "http" not in str(policy(server))


INSIDE = (
    "http://127.0.0.1:1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::1]/",
    "http://127.0.0.1./",
    "http://169.254.169.254/latest",
    "http://user@127.0.0.1/",
    "http://localhost/",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
)


@pytest.mark.parametrize("address", INSIDE)
def test_s13_s15_no_field_sends_the_server_inwards(bob: Person, address: str) -> None:
    with bob.client() as client:
        for fields in ({"url": address}, {"url": address, "server": address}):
            answer = client.post("openapi-services", json={"name": "inside", **fields})
            assert answer.status_code == 422, answer.text
            assert "root:" not in answer.text


@pytest.mark.parametrize(
    "name", ["../../x", "/etc/passwd", 'a"; filename="b', "a\r\nSet-Cookie: x=1", "C:\\x"]
)
def test_s16_the_name_of_an_export_leads_nowhere(bob: Person, name: str) -> None:
    with bob.client() as client:
        made = client.post("sessions", json={"name": name}).json()["id"]
        headers = client.get(f"sessions/{made}/export").headers
    assert "set-cookie" not in headers
    file = headers["content-disposition"].partition('filename="')[2]
    assert file.count('"') == 1
    assert not set(file) & set("/\\\r\n;")


def test_s17_the_server_stays_up(bob: Person) -> None:
    with bob.client() as client:
        for body in (b"null", b"[" * 100_000, b'{"name": 1e400}'):
            headers = {"content-type": "application/json"}
            assert client.post("sessions", content=body, headers=headers).status_code < 500
        assert client.get("me").status_code == 200


def test_s19_nobody_is_somebody_without_a_face(server: Server) -> None:
    with face(server) as client:
        assert {client.get(path).status_code for path in ("me", "sessions", "models", "rules")} == {401}
        answer = client.options("me", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "headers", [{"host": "evil.example"}, {"origin": "https://evil.example"}, {"origin": "null"}]
)
async def test_s20_other_sites_are_refused_everywhere(alice: Person, headers: dict[str, str]) -> None:
    with face(alice.server, cookie=alice.cookie) as client:
        for method in ("GET", "POST"):
            assert client.request(method, "sessions", headers=headers).status_code == 403
    address = f"ws://127.0.0.1:{alice.server.port}{NAMESPACE}/?EIO=4&transport=websocket&token=x"
    if origin := headers.get("origin"):
        with pytest.raises(InvalidStatus):
            async with connect(address, origin=Origin(origin), additional_headers={"cookie": alice.cookie}):
                pass


async def test_s30_an_address_asks_for_nothing_by_itself(bob: Person) -> None:
    """Whatever stands in the address of a page: nothing is sent, set or made before somebody does it."""
    before = stored(bob)
    path = f"/?prompt=count to 9&q=x&mode=auto&model=compatible:m&tool=shell&send=1&key={uuid4()}"
    async with opened(bob.server, path, cookie=bob.cookie) as tab:
        await tab.send(f"{STATE}.hydrate")
        await tab.send(f"{CHAT}.arrive")
        await settled(tab)
        assert tab.of(CHAT, "session_id") in {"", None}
    assert stored(bob) == before


def test_s36_what_was_stored_does_not_come_back(alice: Person) -> None:
    with alice.client() as client:
        for path in ("credentials", "credentials/compatible", "openapi-services", "tokens", "me/sign-ins"):
            told = client.get(path).text
            assert f"sk-{alice.word}" not in told
            assert alice.token not in told


def test_s39_guests_are_nobody_to_each_other(server: Server, alice: Person) -> None:
    assert ROUTES
    with face(server, cookie=f"maestro-{server.port}=anonymous") as client:
        assert client.get("sessions").status_code == 401
    with face(server, token=alice.owns["session_id"]) as client:
        assert client.get("sessions").status_code == 401
