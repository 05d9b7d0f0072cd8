"""A person's token on the way to the providers, over their SDKs and an authorization server of others."""

import asyncio
import logging
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from anthropic import AsyncAnthropic
from google.genai import Client, types
from google.oauth2.credentials import Credentials
from openai import AsyncOpenAI
from pydantic import SecretStr

from agent.core.errors import ProviderError
from agent.core.provider import Credential
from agent.oauth import server
from agent.providers._bearer import Fetch, Token, bearer
from tests.oauth import AuthorizationServer, authorization_server, endpoint
from tests.replay import Replay

TOKEN, PLACEHOLDER = "ya29.a-token-of-the-tests", "placeholder"
PROMPT = [{"role": "user", "content": "Say it."}]


@pytest.fixture(scope="module")
def authority() -> Iterator[AuthorizationServer]:
    with authorization_server() as running:
        yield running


def token(**more: object) -> Credential:
    return Credential.model_validate({"auth_type": "oauth_token", "secret": TOKEN, **more})


def renewable(url: str) -> Credential:
    return token(refresh_token="1//refresh", token_url=url, client_id="maestro")


def ending(credential: Credential, seconds: float = 30) -> Credential:
    return credential.model_copy(update={"expires_at": datetime.now(UTC) + timedelta(seconds=seconds)})


def client(credential: Credential, told: list[Credential] | None = None) -> httpx2.AsyncClient:
    async def keep(old: Credential, fetch: Fetch) -> Credential:
        renewed = await fetch(old)
        if told is not None:
            told.append(renewed)
        return renewed

    return httpx2.AsyncClient(auth=bearer(credential, keep))


async def anthropic(http: httpx2.AsyncClient, address: str) -> None:
    asked: Any = AsyncAnthropic(api_key=PLACEHOLDER, base_url=address, http_client=http, max_retries=0)
    asked = asked.with_options(default_headers={"X-Api-Key": PLACEHOLDER})
    async with await asked.messages.create(model="m", max_tokens=9, messages=PROMPT, stream=True) as stream:
        async for _ in stream:
            pass


async def openai(http: httpx2.AsyncClient, address: str) -> None:
    asked: Any = AsyncOpenAI(api_key=PLACEHOLDER, base_url=f"{address}/v1", http_client=http, max_retries=0)
    async with await asked.responses.create(model="m", input="Say it.", stream=True) as stream:
        async for _ in stream:
            pass


async def gemini(http: httpx2.AsyncClient, address: str) -> None:
    await google(http, address, api_key=PLACEHOLDER, enterprise=False)


async def vertex(http: httpx2.AsyncClient, address: str) -> None:
    credentials = Credentials(PLACEHOLDER)
    await google(http, address, credentials=credentials, enterprise=True, project="p", location="l")


async def google(http: httpx2.AsyncClient, address: str, **opened: Any) -> None:
    options = types.HttpOptions(base_url=address, api_version="v1beta", httpx_async_client=http, timeout=9000)
    asked: Any = Client(**opened, http_options=options)
    async for _ in await asked.aio.models.generate_content_stream(model="m", contents="Say it."):
        pass


@pytest.mark.parametrize("ask", [anthropic, openai, gemini, vertex])
async def test_the_token_arrives_over_every_sdk_and_no_placeholder_does(
    ask: Callable[[httpx2.AsyncClient, str], Awaitable[None]], replay: Replay
) -> None:
    wire = "gemini" if ask is vertex else ask.__name__
    address = replay.url(f"{wire}/text")
    async with client(token()) as http:
        await ask(http, address)
    (request,) = replay.last.requests
    assert request["headers"]["authorization"] == f"Bearer {TOKEN}"
    assert PLACEHOLDER not in str(request)


async def test_a_token_that_ends_soon_is_renewed_once_for_all_who_ask(
    authority: AuthorizationServer,
) -> None:
    told: list[Credential] = []
    before = ending(await authority.signed_in())
    async with client(before, told) as http:
        answers = await asyncio.gather(*(http.get(f"{authority.url}/me") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    (after,) = told
    assert after.secret != before.secret
    assert after.refresh_token != before.refresh_token, "it was rotated"
    assert after.expires_at
    assert before.expires_at
    assert after.expires_at > before.expires_at
    assert (after.token_url, after.client_id) == (before.token_url, before.client_id)


async def test_a_token_that_is_good_for_longer_is_left_alone(authority: AuthorizationServer) -> None:
    told: list[Credential] = []
    async with client(ending(await authority.signed_in(), seconds=90), told) as http:
        assert (await http.get(f"{authority.url}/me")).status_code == 200
    assert not told


async def test_a_token_that_ended_early_is_renewed_after_the_refusal(
    authority: AuthorizationServer,
) -> None:
    told: list[Credential] = []
    before = await authority.signed_in()
    await authority.end(before.secret.get_secret_value())
    async with client(before, told) as http:
        answers = await asyncio.gather(*(http.post(f"{authority.url}/me") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(told) == 1


async def test_a_refresh_token_that_was_replaced_asks_for_a_new_sign_in(
    authority: AuthorizationServer,
) -> None:
    before = ending(await authority.signed_in())
    async with client(before) as http:
        assert (await http.get(f"{authority.url}/me")).status_code == 200
    async with client(before) as http:
        with pytest.raises(ProviderError, match=r"invalid_grant.*Sign in again") as refused:
            await http.get(f"{authority.url}/me")
    assert refused.value.kind == "auth"


async def test_a_second_refusal_goes_on() -> None:
    told: list[Credential] = []
    given = b'{"access_token": "another", "token_type": "Bearer", "expires_in": 3600}'
    with endpoint(given) as tokens, endpoint(b"{}", 401) as provider:
        async with client(renewable(tokens.url), told) as http:
            answer = await http.post(provider.url, json={"say": "it"})
    assert answer.status_code == 401
    assert [headers["authorization"] for headers, _ in provider.asked] == [
        f"Bearer {TOKEN}",
        "Bearer another",
    ]
    assert {body for _, body in provider.asked} == {b'{"say":"it"}'}
    assert len(told) == len(tokens.asked) == 1
    assert told[0].refresh_token.get_secret_value() == "1//refresh", "it was not replaced"


async def test_a_refusal_goes_on_where_nothing_can_be_renewed() -> None:
    with endpoint(b"{}", 401) as provider:
        async with client(ending(token())) as http:
            assert (await http.get(provider.url)).status_code == 401
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b'{"error": "invalid_grant", "error_description": "ya29.echo"}', 400, "auth"),
        (b'{"error": "unauthorized_client"}', 401, "auth"),
        (b'{"error": "temporarily_unavailable"}', 400, "network"),
        (b'{"error": {"message": "no"}}', 429, "network"),
        (b"<html>busy</html>", 429, "network"),
        (b"<html>down</html>", 503, "network"),
        (b"[]", 200, "network"),
        (b'{"access_token": "", "token_type": "bearer"}', 200, "network"),
        (b'{"access_token": "ya29.echo", "token_type": "mac"}', 200, "network"),
        (b'{"access_token": "ya29.echo\\nx: y", "token_type": "bearer"}', 200, "network"),
        (b'{"access_token": "ya29.echo", "token_type": "bearer", "expires_in": "soon"}', 200, "network"),
        (b'{"access_token": "' + b"a" * 70_000 + b'", "token_type": "bearer"}', 200, "network"),
    ],
)
async def test_what_goes_wrong_is_told_by_its_kind_and_without_a_token(
    body: bytes, status: int, kind: str
) -> None:
    with endpoint(body, status) as tokens:
        async with client(ending(renewable(tokens.url))) as http:
            with pytest.raises(ProviderError) as failed:
                await http.get("http://127.0.0.1:9/")
    assert failed.value.kind == kind
    told = "".join(traceback.format_exception(failed.value))
    assert "ya29" not in told
    assert "1//refresh" not in told


async def test_an_authorization_server_that_is_away_is_the_network_s_fault() -> None:
    async with client(ending(renewable("http://127.0.0.1:9/token"))) as http:
        with pytest.raises(ProviderError) as failed:
            await http.get("http://127.0.0.1:9/")
    assert failed.value.kind == "network"


async def test_a_refresh_token_is_not_sent_where_others_could_read_it() -> None:
    async with client(ending(renewable("http://tokens.example.org/token"))) as http:
        with pytest.raises(ProviderError):
            await http.get("http://127.0.0.1:9/")


async def test_an_authorization_server_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WAIT", 0.2)
    with endpoint(b"{}", delay=1) as tokens:
        async with client(ending(renewable(tokens.url))) as http:
            with pytest.raises(ProviderError) as failed:
                await http.get("http://127.0.0.1:9/")
    assert failed.value.kind == "network"


async def test_who_was_refused_with_an_older_token_takes_the_newer_one() -> None:
    given = b'{"access_token": "another", "token_type": "Bearer"}'
    with endpoint(given) as tokens:
        token = Token(renewable(tokens.url), renew=None)
        assert await token.renew(TOKEN) == "another"
        assert await token.renew(TOKEN) == "another"
    assert len(tokens.asked) == 1


async def test_who_gives_up_takes_the_renewal_from_nobody() -> None:
    given = b'{"access_token": "another", "token_type": "Bearer"}'
    with endpoint(given, delay=0.3) as tokens, endpoint(b"{}") as provider:
        async with client(ending(renewable(tokens.url))) as http:
            first = asyncio.create_task(http.get(provider.url))
            await asyncio.to_thread(tokens.was_asked.wait)
            second = asyncio.create_task(http.get(provider.url))
            first.cancel()
            assert (await second).status_code == 200
    assert len(tokens.asked) == 1
    assert provider.asked[0][0]["authorization"] == "Bearer another"


async def test_no_token_stands_in_a_log_or_in_what_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    given = b'{"access_token": "ya29.another", "token_type": "Bearer", "refresh_token": "1//another"}'
    with caplog.at_level(logging.DEBUG), endpoint(given) as tokens, endpoint(b"{}", 401) as provider:
        credential = renewable(tokens.url).model_copy(update={"client_secret": SecretStr("our-own")})
        async with client(ending(credential)) as http:
            await http.get(provider.url)
        shown = f"{bearer(credential)!r} {vars(bearer(credential))!r} {caplog.text}"
    assert caplog.records
    assert not [secret for secret in ("ya29.", "1//", "our-own") if secret in shown]


def test_importing_it_loads_no_http_client() -> None:
    code = (
        "import sys, agent.providers._bearer as b; print(*{'httpx2', 'authlib', 'openai'} & {*sys.modules})"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not loaded.stdout.split()
