"""Coming back from a provider, against an authorization server of others."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from agent import config, providers
from agent.core.guests import guest
from agent.core.identity import Principal, User
from agent.providers import _signing
from agent.providers._sign_in import WAYS
from agent.running import migrate, running
from app.connecting import routes
from tests.oauth import CALLBACK, SETTINGS, authorization_server, visit


@pytest.fixture
async def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[User]:
    """The owner of a server that is known at Google, which is elsewhere."""
    client = SETTINGS.google_oauth_client_id, SETTINGS.google_oauth_client_secret.get_secret_value()
    for name, value in zip(("GOOGLE_OAUTH_CLIENT_ID", "GOOGLE_OAUTH_CLIENT_SECRET"), client, strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MAESTRO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(_signing, "BACK", urlsplit(CALLBACK).path)
    config.settings.cache_clear()
    migrate(config.settings())
    with authorization_server() as authority:
        monkeypatch.setitem(WAYS, "gemini", authority.way)
        async with running(config.settings()) as owner:
            assert owner
            yield owner


async def back(user: User, given: dict[str, str], way: str = "cookie") -> str:
    """Where a browser is sent that comes back."""
    application = Starlette(routes=routes())
    principal = Principal.model_validate({"user": user, "way": way, "id": "1"})

    async def known(scope: Scope, receive: Receive, send: Send) -> None:
        await application({**scope, "principal": principal}, receive, send)

    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(known), base_url="http://127.0.0.1"
    ) as browser:
        answer = await browser.get("/auth/connected", params=given)
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"
    return answer.headers["location"]


async def test_who_comes_back_is_connected_once(owner: User) -> None:
    given = await visit(await providers.begin_sign_in(owner, "gemini"))
    state_lost = "/settings?failed=sign_in_state"
    assert await back(guest("g"), given) == state_lost
    assert await back(owner, given, "token") == state_lost
    assert await back(owner, given) == "/settings?connected=gemini"
    assert await back(owner, given) == state_lost
    assert (await providers.credential(owner, "gemini")).auth_type == "oauth_token"


async def test_who_said_no_is_told_and_takes_no_code_along(owner: User) -> None:
    url = await providers.begin_sign_in(owner, "gemini")
    (state,) = parse_qs(urlsplit(url).query)["state"]
    given = {"state": state, "error": "access_denied", "code": "c"}
    assert await back(owner, given) == "/settings?failed=sign_in_denied&provider=gemini"
    assert (await providers.credential(owner, "gemini")).source == "none"
