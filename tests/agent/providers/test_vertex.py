"""Vertex AI's credentials: accounts and the tokens they fetch, the machine's own account, express keys."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from google.auth.compute_engine import _metadata

from agent.config import Settings
from agent.core.errors import ProviderError
from agent.core.provider import Credential
from agent.providers import _google_account, vertex
from agent.providers.vertex import VertexProvider
from tests.agent.providers.wires import connected, finish, prompt
from tests.replay import Replay

EMAIL = "maestro@project-of-the-tests.iam.gserviceaccount.com"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


@dataclass
class TokenEndpoint:
    """Google's token endpoint: a token for an assertion that an account signed."""

    url: str
    lifetime: int = 3600
    """Seconds a token is good for."""
    status: int = 200
    assertions: list[dict[str, list[str]]] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def answer(self, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        self.asked.set()
        self.released.wait(20)
        if self.status != 200:
            return self.status, {"error": "invalid_grant", "error_description": "Not a known account."}
        self.assertions.append(form)
        self.given.append(f"ya29.token-{len(self.given)}")
        return 200, {"access_token": self.given[-1], "expires_in": self.lifetime, "token_type": "Bearer"}


def signed(form: dict[str, list[str]]) -> dict[str, Any]:
    """The claims of an assertion, once its signature is found good."""
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    head, claims, mark = form["assertion"][0].split(".")
    KEY.public_key().verify(decoded(mark), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return json.loads(decoded(claims))


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@contextmanager
def serving(answer: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), answer) as server:
        running = threading.Thread(target=server.serve_forever, args=(0.05,))
        running.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            running.join()


@pytest.fixture
def tokens() -> Iterator[TokenEndpoint]:
    endpoint = TokenEndpoint("")
    endpoint.released.set()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            status, said = endpoint.answer(parse_qs(body))
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, *_: object) -> None:
            pass

    with serving(Answer) as port:
        endpoint.url = f"http://127.0.0.1:{port}/token"
        yield endpoint


def account(token_uri: str, **more: object) -> str:
    written = {
        "type": "service_account",
        "project_id": "project-of-the-file",
        "private_key_id": "1",
        "private_key": PEM,
        "client_email": EMAIL,
        "token_uri": token_uri,
    }
    return json.dumps({**written, **more})


@pytest.fixture
def file(tokens: TokenEndpoint, tmp_path: Path) -> Path:
    """An account of the token endpoint, in a file."""
    return saved(tmp_path / "account.json", account(tokens.url))


def saved(file: Path, written: str) -> Path:
    file.write_text(written, "utf-8")
    return file


def credential(address: str, secret: object = "", **more: object) -> Credential:
    given = {"auth_type": "service_account", "secret": str(secret), "base_url": address, "project": "p"}
    return Credential.model_validate({**given, **more})


async def ask(given: Credential, times: int = 1) -> None:
    async with connected(lambda _: VertexProvider(given, idle=5), "") as provider:
        for _ in range(times):
            await finish(provider, prompt())


def authorizations(replay: Replay) -> list[str]:
    return [request["headers"]["authorization"] for request in replay.last.requests]


async def test_a_service_account_fetches_its_token_once(
    tokens: TokenEndpoint, file: Path, replay: Replay
) -> None:
    given = credential(replay.url("gemini/text"), file, location="europe-west4")
    await ask(given, times=2)
    assert authorizations(replay) == ["Bearer ya29.token-0"] * 2
    assert replay.last.requests[0]["path"].startswith("/v1beta1/projects/p/locations/europe-west4/publishers")
    claims = signed(tokens.assertions[0])
    assert claims["iss"] == EMAIL
    assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
    assert claims["iat"] <= time.time() + 5 < claims["exp"]


async def test_an_account_names_its_own_project(file: Path, replay: Replay) -> None:
    await ask(credential(replay.url("gemini/text"), file, project=""))
    assert "/projects/project-of-the-file/locations/global/" in replay.last.requests[0]["path"]


async def test_a_token_that_ended_is_renewed(tokens: TokenEndpoint, file: Path, replay: Replay) -> None:
    tokens.lifetime = 1
    await ask(credential(replay.url("gemini/text"), file), times=2)
    assert authorizations(replay) == ["Bearer ya29.token-0", "Bearer ya29.token-1"]


async def test_many_who_wait_share_one_token_and_nobody_else_waits(
    tokens: TokenEndpoint, file: Path, replay: Replay
) -> None:
    tokens.released.clear()
    given = credential(replay.url("gemini/text"), file)
    async with connected(lambda _: VertexProvider(given, idle=5), "") as provider:
        asking = [asyncio.create_task(finish(provider, prompt())) for _ in range(5)]
        assert await asyncio.to_thread(tokens.asked.wait, 60)
        tokens.released.set()  # by the event loop: were it blocked, the token would never come
        await asyncio.gather(*asking)
    assert tokens.given == ["ya29.token-0"]
    assert authorizations(replay) == ["Bearer ya29.token-0"] * 5


@pytest.mark.parametrize(("status", "kind"), [(400, "auth"), (401, "auth"), (503, "network")])
async def test_a_token_endpoint_that_refuses(
    status: int, kind: str, tokens: TokenEndpoint, file: Path, replay: Replay
) -> None:
    tokens.status = status
    with pytest.raises(ProviderError) as caught:
        await ask(credential(replay.url("gemini/text"), file))
    assert caught.value.kind == kind
    assert caught.value.message.endswith("invalid_grant: Not a known account.")
    assert replay.last.requests == []


@pytest.mark.parametrize("how", ["silent", "gone"])
async def test_a_token_endpoint_that_is_down(
    how: str,
    tokens: TokenEndpoint,
    file: Path,
    replay: Replay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_google_account, "PATIENCE", 0.2)
    tokens.released.clear()
    if how == "gone":
        saved(file, account("http://127.0.0.1:9/token"))
    with pytest.raises(ProviderError) as caught:
        await ask(credential(replay.url("gemini/text"), file))
    assert caught.value.kind == "network"
    tokens.released.set()


async def test_a_pasted_account_sends_us_nowhere_but_to_google(tokens: TokenEndpoint, replay: Replay) -> None:
    for token_uri in (tokens.url, "https://example.org/token", "http://oauth2.googleapis.com/token"):
        with pytest.raises(ProviderError, match="token_uri") as caught:
            await ask(credential(replay.url("gemini/text"), account(token_uri)))
        assert caught.value.kind == "auth"
    assert not tokens.asked.is_set()
    assert vertex.account(credential("", account("https://oauth2.googleapis.com/token")))


@pytest.mark.parametrize(
    "written",
    [
        "{",
        "[]",
        account("https://oauth2.googleapis.com/token", private_key="no key"),
        account("https://oauth2.googleapis.com/token", private_key=7),
        '{"type": "service_account"}',
    ],
)
def test_an_account_that_is_none_is_refused_without_its_key(written: str, file: Path) -> None:
    saved(file, written)
    with pytest.raises(ProviderError) as caught:
        vertex.account(credential("", file))
    assert caught.value.kind == "auth"
    assert caught.value.message.startswith("GOOGLE_APPLICATION_CREDENTIALS cannot be read: ")


def test_a_persons_own_account_is_loaded_too() -> None:
    written = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}
    assert vertex.account(credential("", json.dumps(written)))


def test_an_account_that_names_programs_to_ask_is_refused(file: Path) -> None:
    saved(file, '{"type": "external_account"}')
    with pytest.raises(ProviderError, match="external_account"):
        vertex.account(credential("", file))


@pytest.mark.parametrize(
    "place",
    [{"location": "example.org/"}, {"location": "a@b"}, {"project": "../x"}, {"project": "a/b"}],
)
async def test_a_place_cannot_lead_away_from_google(
    place: dict[str, str], tokens: TokenEndpoint, file: Path
) -> None:
    with pytest.raises(ProviderError) as caught:
        await ask(credential("", file, **place))
    assert caught.value.kind == "auth"
    assert not tokens.asked.is_set()


async def test_an_express_key_needs_no_project(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "of-somebody-else")
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "of-somebody-else")
    await ask(Credential.model_validate({"secret": "express", "base_url": replay.url("gemini/text")}))
    (request,) = replay.last.requests
    assert request["path"] == "/v1beta1/publishers/google/models/m:streamGenerateContent"
    assert request["headers"]["x-goog-api-key"] == "express"
    assert "authorization" not in request["headers"]


async def test_the_machines_own_account_serves_a_project(
    tokens: TokenEndpoint, tmp_path: Path, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    saved(tmp_path / "application_default_credentials.json", account(tokens.url))
    await ask(credential(replay.url("gemini/text"), auth_type="none"))
    assert authorizations(replay) == ["Bearer ya29.token-0"]


async def test_a_machine_without_an_account_says_so(
    tmp_path: Path, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setattr(_metadata, "_NO_GCE_CHECK", True)
    with pytest.raises(ProviderError, match="application default credentials") as caught:
        await ask(credential(replay.url("gemini/text"), auth_type="none"))
    assert caught.value.kind == "auth"


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("global", "aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        ("us-east1", "us-east1-aiplatform.googleapis.com"),
    ],
)
def test_a_location_has_its_address(location: str, host: str) -> None:
    assert vertex.address(location) == f"https://{host}"


@pytest.mark.parametrize(
    ("settings", "auth_type"),
    [
        ({}, None),
        ({"google_application_credentials": "a.json"}, None),
        ({"google_cloud_project": "p"}, "none"),
        ({"vertex_api_key": "k"}, "api_key"),
        ({"vertex_api_key": "k", "google_cloud_project": "p"}, "api_key"),
        (
            {"vertex_api_key": "k", "google_cloud_project": "p", "google_application_credentials": "a.json"},
            "service_account",
        ),
    ],
)
def test_the_servers_own_credential(settings: dict[str, str], auth_type: str | None) -> None:
    found = vertex.credential(Settings.model_validate(settings))
    assert (found and found.auth_type) == auth_type
    assert auth_type in {None, "api_key"} or (found and found.project == "p")
