"""Credentials over REST: they go in and never come out."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.app.api.test_application import BAD, JSON, is_problem
from tests.app.serving import PATIENCE, Server, serving
from tests.oauth import Endpoint, endpoint

CANARY = "sk-canary-0123456789-0123456789-cnry"
BODIES = [name for name in BAD if name != "nothing"]


@pytest.fixture(scope="module")
def provider() -> Iterator[Endpoint]:
    """A model server that says no to everybody, and repeats what it was shown."""
    with endpoint(f'{{"error": {{"message": "Bad key {CANARY}"}}}}'.encode(), 401) as asked:
        yield asked


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, provider: Endpoint) -> Iterator[Server]:
    """One of this module, which asks that model server."""
    with serving(
        tmp_path_factory.mktemp("server") / "data", OPENAI_BASE_URL=f"{provider.url}/v1", MAESTRO_LOG="json"
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def _clean(api: httpx2.Client) -> Iterator[None]:
    yield
    for state in api.get("credentials").json():
        if state["source"] == "own":
            api.delete(f"credentials/{state['provider']}")


def store(api: httpx2.Client, name: str = "openai", **fields: object) -> httpx2.Response:
    return api.put(f"credentials/{name}", json={"secret": CANARY, **fields})


def test_the_life_of_a_credential(api: httpx2.Client) -> None:
    before = api.get("credentials/openai").json()
    assert (before["source"], before["auth_types"]) == ("none", ["api_key"])
    answer = store(api)
    assert answer.status_code == 200, answer.text
    state = answer.json()
    assert (state["source"], state["auth_type"], state["hint"]) == ("own", "api_key", "cnry")
    assert state["created_at"]
    assert "secret" not in state
    assert api.get("credentials/openai").json() == state
    assert state in api.get("credentials").json()
    assert api.delete("credentials/openai").status_code == 204
    assert is_problem(gone := api.delete("credentials/openai"))
    assert (gone.status_code, gone.json()["code"]) == (404, "credential")
    assert api.get("credentials/openai").json() == before


def test_a_credential_is_tried(api: httpx2.Client, provider: Endpoint) -> None:
    store(api)
    answer = api.post("credentials/openai/test")
    assert answer.json() == {"provider": "openai", "source": "own", "outcome": "auth"}
    headers, _ = provider.asked[-1]
    assert headers["authorization"] == f"Bearer {CANARY}"
    assert api.post("credentials/gemini/test").status_code == 404


def test_what_the_provider_refuses_is_not_kept_when_it_was_to_be_tried(api: httpx2.Client) -> None:
    answer = api.put("credentials/openai?test=true", json={"secret": CANARY})
    assert (answer.status_code, answer.json()["code"]) == (422, "credential_refused")
    assert answer.json()["detail"] == "OpenAI refused the key, so it was not kept."
    assert api.get("credentials/openai").json()["source"] == "none"


@pytest.mark.parametrize("body", [BAD[name] for name in BODIES], ids=BODIES)
def test_a_credential_that_makes_no_sense_is_a_problem(api: httpx2.Client, body: bytes) -> None:
    assert is_problem(api.put("credentials/openai", content=body, headers=JSON))
    assert api.get("credentials/openai").json()["source"] == "none"


@pytest.mark.parametrize(
    "fields",
    [
        {"secret": CANARY * 300},
        {"secret": [CANARY]},
        {"secret": {"value": CANARY}},
        {"auth_type": CANARY},
        {"auth_type": "none"},
        {"base_url": f"https://evil.example.org/{CANARY}"},
        {"project": f"{CANARY}\n"},
        {"location": f"{CANARY}/"},
        {"secret": f"{CANARY} {CANARY}"},
        {"secret": f'{{"type": "service_account", "private_key": "{CANARY}"}}'},
        {"auth_type": "service_account"},
    ],
)
def test_what_is_refused_is_not_repeated(api: httpx2.Client, fields: dict[str, object]) -> None:
    for name in ("openai", "vertex"):
        answer = store(api, name, **fields)
        if answer.status_code != 200:
            assert is_problem(answer)
            assert CANARY not in answer.text
        else:
            assert name == "vertex"


@pytest.mark.parametrize("name", ["nobody", "demo", "%2e%2e", "OPENAI", "x" * 41])
def test_a_provider_that_is_none_is_a_problem(api: httpx2.Client, name: str) -> None:
    for answer in (store(api, name), api.get(f"credentials/{name}"), api.delete(f"credentials/{name}")):
        assert is_problem(answer)


def test_what_one_stores_nobody_else_sees(api: httpx2.Client, server: Server) -> None:
    store(api)
    token, _ = server.neighbour()
    with server.client() as theirs:
        theirs.headers["authorization"] = f"Bearer {token}"
        assert {state["source"] for state in theirs.get("credentials").json()} == {"none"}
        assert theirs.get("credentials/openai").json()["hint"] == ""
        assert theirs.delete("credentials/openai").status_code == 404
        assert theirs.post("credentials/openai/test").status_code == 404
    assert api.get("credentials/openai").json()["source"] == "own"


def test_one_goes_to_a_provider_to_sign_in(api: httpx2.Client, server: Server) -> None:
    url = api.post("credentials/openrouter/sign-in").json()["url"]
    assert url.startswith("https://openrouter.ai/auth?")
    assert f"callback_url=http%3A%2F%2F127.0.0.1%3A{server.port}%2Fauth%2Fconnected" in url
    for name, code in (("gemini", "sign_in_client_missing"), ("openai", "sign_in_not_offered")):
        answer = api.post(f"credentials/{name}/sign-in")
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert api.post("credentials/openrouter/device").json()["code"] == "sign_in_not_offered"
    assert api.post("credentials/openrouter/device/unknown").status_code == 404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "sign_in_state"),
        ("?state=foreign&code=c", "sign_in_state"),
        ("?state=a&state=b&code=c", "sign_in_state"),
        (f"?state={'x' * 5000}&code=c", "sign_in_state"),
        ("?state=%00&code=%0d%0aSet-Cookie:x", "sign_in_state"),
    ],
)
def test_who_comes_back_with_something_else_is_told_on_the_page(
    server: Server, query: str, code: str
) -> None:
    with server.stranger() as browser:
        browser.headers["cookie"] = server.cookie()
        answer = browser.get(f"/auth/connected{query}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/settings?failed={code}")
        del browser.headers["cookie"]
        assert browser.get(f"/auth/connected{query}").headers["location"] == f"/settings?failed={code}"


def test_a_canary_is_nowhere_but_at_the_provider(
    api: httpx2.Client, server: Server, provider: Endpoint
) -> None:
    store(api)
    session = api.post("sessions", json={"model": "openai:gpt-6.1-sol"}).json()["id"]
    api.post(f"sessions/{session}/commands", json={"type": "prompt", "text": "Hi"})
    until = time.monotonic() + PATIENCE
    while '"auth"' not in (told := api.get(f"sessions/{session}").text):
        assert time.monotonic() < until, told
        time.sleep(0.05)
    assert any(CANARY in headers["authorization"] for headers, _ in provider.asked)
    paths = ("credentials", "models", "providers", "audit", f"sessions/{session}")
    shown = [api.get(path).text for path in paths]
    kept = [file.read_bytes() for file in everything(server.data)]
    assert len(kept) > 3
    assert not [each for each in (told, *shown) if CANARY in each or CANARY[3:] in each]
    assert not [file for file in kept if CANARY.encode() in file]


def everything(folder: Path) -> list[Path]:
    """All files of a server: its databases, its log, what it keeps for sessions."""
    return [file for file in folder.rglob("*") if file.is_file()]
