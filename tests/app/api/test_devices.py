"""The device login over HTTP: as OAuth's clients speak, and whatever else is sent."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.app.api.test_application import DEEP, JSON, is_problem
from tests.app.serving import Server
from tests.app.tabs import STATE, Tab, opened

DEVICE = f"{STATE}.app___pages___device____device_state"
FORM = {"content-type": "application/x-www-form-urlencoded"}
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
INITIATE, TOKEN = "/api/v1/cli/auth/initiate", "/api/v1/cli/auth/token"
REVOKE = "/api/v1/cli/auth/revoke"
UNREADABLE = {
    "null": b"null",
    "an array": b"[]",
    "a number": b"7",
    "a text": b'"msd_x"',
    "half an object": b'{"device_code":',
    "deep": DEEP,
    "deep inside": b'{"x": ' + DEEP + b"}",
    "a huge number": b'{"x": ' + b"9" * 10_000 + b"}",
    "not UTF-8": b'{"device_code": "\xff\xfe"}',
}
WRONG: list[dict[str, Any]] = [
    {},
    {"device_code": None},
    {"device_code": 7},
    {"device_code": []},
    {"device_code": {"$gt": ""}},
    {"device_code": ""},
    {"device_code": "x"},
    {"device_code": "\0"},
    {"device_code": "\ud800"},
    {"device_code": "msd_" + "x" * 1_000_000},
    {"device_code": "msd_" + "x" * 43, "grant_type": "password"},
    {"device_code": "msd_" + "x" * 43, "grant_type": 7},
]


@pytest.fixture(autouse=True)
def _clean(api: httpx2.Client) -> Iterator[None]:
    """Other modules share the server: who was let in here is kept out again."""
    yield
    for token in api.get("tokens").json():
        if token["source"] == "device":
            api.delete(f"tokens/{token['id']}")


def begun(client: httpx2.Client, **fields: str) -> dict[str, Any]:
    return client.post(INITIATE, json=fields).raise_for_status().json()


def polled(client: httpx2.Client, codes: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = client.post(TOKEN, json={"device_code": codes["device_code"]})
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()


async def shown(tab: Tab, codes: dict[str, Any]) -> None:
    """Type the code into the page."""
    await tab.send(f"{DEVICE}.arrive")
    await tab.send(f"{DEVICE}.look", {"form": {"code": codes["user_code"]}})
    await tab.until(lambda: tab.of(DEVICE, "stage") == "answer")


async def answered(server: Server, codes: dict[str, Any], verb: str, stage: str) -> None:
    """Let a program in or keep it out, in the owner's browser."""
    async with opened(server, "/device") as tab:
        await shown(tab, codes)
        await tab.send(f"{DEVICE}.{verb}")
        await tab.until(lambda: tab.of(DEVICE, "stage") == stage)


def test_a_program_is_given_exactly_its_codes(server: Server, stranger: httpx2.Client) -> None:
    answer = stranger.post(INITIATE)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    codes = answer.json()
    assert set(codes) == {"device_code", "user_code", "verification_uri", "expires_in", "interval"}
    assert (codes["expires_in"], codes["interval"]) == (600, 5)
    assert codes["verification_uri"] == f"{server.url}/device"


async def test_a_program_is_let_in_once(server: Server, stranger: httpx2.Client, api: httpx2.Client) -> None:
    codes = begun(stranger, client_name="maestro on a laptop")
    assert polled(stranger, codes) == (400, {"error": "authorization_pending"})
    assert polled(stranger, codes) == (400, {"error": "slow_down"})
    await answered(server, codes, "allow", "allowed")
    status, token = polled(stranger, codes)
    assert status == 200
    assert set(token) == {"access_token", "token_type", "expires_in"}
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 90 * 24 * 3600)
    assert polled(stranger, codes) == (400, {"error": "expired_token"})
    bearer = {"authorization": f"Bearer {token['access_token']}"}
    assert stranger.get("/api/v1/sessions", headers=bearer).status_code == 200
    assert stranger.get("/api/v1/tokens", headers=bearer).status_code == 403
    [listed] = [each for each in api.get("tokens").json() if each["source"] == "device"]
    assert listed["name"] == "maestro on a laptop"
    assert api.delete(f"tokens/{listed['id']}").status_code == 204
    assert stranger.get("/api/v1/sessions", headers=bearer).status_code == 401


async def test_a_program_that_is_denied_is_told_that_it_is_over(
    server: Server, stranger: httpx2.Client
) -> None:
    codes = begun(stranger)
    await answered(server, codes, "deny", "denied")
    assert polled(stranger, codes) == (400, {"error": "expired_token"})


async def test_s38_the_page_names_client_place_and_scopes_before_anybody_answers(
    server: Server, stranger: httpx2.Client
) -> None:
    codes = begun(stranger, client_name="tool", scope="sessions:read settings:write")
    async with opened(server, f"/device?code={codes['user_code']}") as tab:
        await tab.send(f"{DEVICE}.arrive")
        await tab.until(lambda: tab.of(DEVICE, "code"))
        assert tab.of(DEVICE, "stage") == "code"  # a link is no confirmation
        await tab.send(f"{DEVICE}.allow")
        await shown(tab, codes)
        assert polled(stranger, codes) == (400, {"error": "authorization_pending"})
        assert tab.of(DEVICE, "client") == "tool"
        assert "127.0.0.1" in tab.of(DEVICE, "place")
        assert [words.partition(":")[0] for words in tab.of(DEVICE, "may")] == [
            "read your sessions",
            "change your settings",
        ]
        assert "just now" in tab.of(DEVICE, "began")
        for code in (codes["device_code"], "mst_"):
            assert code not in "".join(tab.heard)


async def test_the_page_begins_anew_when_all_is_answered(server: Server, stranger: httpx2.Client) -> None:
    codes = begun(stranger)
    async with opened(server, "/device") as tab:
        await tab.send(f"{DEVICE}.look", {"form": {"code": codes["user_code"]}})
        await tab.send(f"{DEVICE}.arrive")  # a person may be quicker than the page
        await tab.send(f"{DEVICE}.deny")
        await tab.until(lambda: tab.of(DEVICE, "stage") == "denied")
        await tab.send(f"{DEVICE}.arrive")
        await tab.until(lambda: tab.of(DEVICE, "stage") == "code")
        assert not tab.of(DEVICE, "code")


async def test_s38_an_event_without_a_code_that_was_typed_lets_nobody_in(
    server: Server, stranger: httpx2.Client
) -> None:
    codes = begun(stranger)
    async with opened(server, "/device") as tab:
        for payload in ({}, {"device_id": codes["user_code"]}, {"code": codes["user_code"]}):
            await tab.send(f"{DEVICE}.allow", payload)
        await tab.send(f"{DEVICE}.look", {"form": {"code": codes["user_code"]}})
        await tab.until(lambda: tab.of(DEVICE, "stage") == "answer")
    assert polled(stranger, codes) == (400, {"error": "authorization_pending"})


def test_s38_the_database_holds_no_code(server: Server, stranger: httpx2.Client) -> None:
    codes = begun(stranger)
    files = [file.read_bytes() for file in server.data.glob("app.db*")] + [server.log.read_bytes()]
    for code in (codes["device_code"], codes["user_code"], codes["user_code"].replace("-", "")):
        assert not any(code.encode() in file for file in files)


def test_a_program_gives_its_token_back(stranger: httpx2.Client, api: httpx2.Client) -> None:
    token = api.post("tokens", json={"name": "a program"}).json()["token"]
    bearer = {"authorization": f"Bearer {token}"}
    assert stranger.get("/api/v1/sessions", headers=bearer).status_code == 200
    for _ in range(2):
        answer = stranger.post(REVOKE, data={"token": token, "token_type_hint": "access_token"})
        assert (answer.status_code, answer.content) == (200, b"")
        assert stranger.get("/api/v1/sessions", headers=bearer).status_code == 401


@pytest.mark.parametrize("fields", [{}, {"token": None}, {"token": [1]}, {"token_type_hint": "access_token"}])
def test_what_names_no_token_gives_none_back(stranger: httpx2.Client, fields: dict[str, Any]) -> None:
    answer = stranger.post(REVOKE, json=fields)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


def test_what_is_no_token_takes_no_right_away(server: Server, stranger: httpx2.Client) -> None:
    cookie = server.cookie()
    for token in (cookie.partition("=")[2], server.token[:-1], "", "\ud800", "x" * 100_000):
        content = json.dumps({"token": token})
        assert stranger.post(REVOKE, content=content, headers=JSON).status_code == 200
    assert stranger.get("/api/v1/me", headers={"cookie": cookie}).status_code == 200


def test_a_program_may_speak_in_forms(stranger: httpx2.Client) -> None:
    answer = stranger.post(INITIATE, data={"client_id": "tool", "scope": "sessions:read"})
    assert answer.status_code == 200
    fields = {"grant_type": GRANT, "client_id": "tool", "device_code": answer.json()["device_code"]}
    answer = stranger.post(TOKEN, data=fields)
    assert (answer.status_code, answer.json()) == (400, {"error": "authorization_pending"})


@pytest.mark.parametrize(
    ("fields", "headers", "client"),
    [
        ({"client_name": "My tool"}, {}, "My tool"),
        ({"client_id": "tool"}, {}, "tool"),
        ({}, {"user-agent": "maestro/1.2 (Linux; secret)"}, "maestro/1.2"),
        ({}, {"user-agent": ""}, "unnamed program"),
    ],
)
async def test_a_program_has_the_name_it_gives_itself(
    server: Server, stranger: httpx2.Client, fields: dict[str, str], headers: dict[str, str], client: str
) -> None:
    codes = stranger.post(INITIATE, json=fields, headers=headers).json()
    async with opened(server, "/device") as tab:
        await shown(tab, codes)
        assert tab.of(DEVICE, "client") == client


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_a_body_that_cannot_be_read_is_an_invalid_request(stranger: httpx2.Client, body: bytes) -> None:
    for address in (INITIATE, TOKEN):
        answer = stranger.post(address, content=body, headers=JSON)
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


@pytest.mark.parametrize("fields", WRONG, ids=lambda fields: json.dumps(fields)[:40])
def test_a_poll_that_makes_no_sense_is_an_invalid_request(
    stranger: httpx2.Client, fields: dict[str, Any]
) -> None:
    answer = stranger.post(TOKEN, content=json.dumps(fields), headers=JSON)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"device_code": "x"}', {"content-type": "text/plain"}),
        (b'{"device_code": "x"}', {"content-type": "multipart/form-data; boundary=x"}),
        (b"device_code=%ff", FORM),
        (b"device_code=a&device_code=b", FORM),
        (b"&".join(b"x%d=1" % number for number in range(1000)), FORM),
        (b"\xff", FORM),
        (b"", {}),
    ],
)
def test_a_wrong_kind_of_body_is_an_invalid_request(
    stranger: httpx2.Client, body: bytes, headers: dict[str, str]
) -> None:
    answer = stranger.post(TOKEN, content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


def test_a_code_nobody_was_given_has_had_its_time(stranger: httpx2.Client) -> None:
    answer = stranger.post(TOKEN, json={"device_code": "msd_" + "x" * 43})
    assert (answer.status_code, answer.json()) == (400, {"error": "expired_token"})


@pytest.mark.parametrize(
    "scope", ["admin", "sessions:read,sessions:write", "sessions:read  settings:read", " "]
)
def test_a_scope_that_is_none_is_refused(stranger: httpx2.Client, scope: str) -> None:
    answer = stranger.post(INITIATE, json={"scope": scope})
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_scope"})


def test_too_much_is_a_problem(stranger: httpx2.Client) -> None:
    answer = stranger.post(TOKEN, content=b"x" * 10_000_000, headers=JSON)
    assert is_problem(answer)
    assert answer.status_code == 413


@pytest.mark.parametrize("address", [INITIATE, TOKEN])
def test_other_sites_pages_begin_and_redeem_nothing(stranger: httpx2.Client, address: str) -> None:
    answer = stranger.post(address, json={}, headers={"origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert stranger.get(address).status_code == 405


def test_an_unknown_field_is_passed_over(stranger: httpx2.Client) -> None:
    assert stranger.post(INITIATE, json={"audience": ["x"], "client_name": "tool"}).status_code == 200
