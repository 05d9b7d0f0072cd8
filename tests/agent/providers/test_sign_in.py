"""Signing in at a provider, against an authorization server of others."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from pydantic import SecretStr

from agent.config import Settings
from agent.core.errors import Invalid, MaestroError, Unavailable
from agent.core.provider import Credential
from agent.oauth import challenge
from agent.oauth import server as asked
from agent.providers._sign_in import WAYS, Begun, DeviceBegun, Way, begin, begin_device, finish, poll, way
from tests.oauth import CALLBACK, SETTINGS, AuthorizationServer, authorization_server, endpoint, visit
from tests.servers import NO_TLS

NOWHERE = "http://127.0.0.1:9/"
GIVEN = {"access_token": "ya29.a", "token_type": "Bearer", "expires_in": 3599, "refresh_token": "1//r"}
DEVICE = {
    "device_code": "d",
    "user_code": "ABCD-EFGH",
    "verification_url": "https://example.org/device",
    "expires_in": 1800,
    "interval": 5,
}


@pytest.fixture(scope="module")
def authority() -> Iterator[AuthorizationServer]:
    with authorization_server() as running:
        yield running


def at(url: str, **more: object) -> Way:
    """Google's way, elsewhere."""
    return replace(WAYS["gemini"], token_url=url, **more)


def asked_of(begun: Begun) -> dict[str, list[str]]:
    return parse_qs(urlsplit(begun.url).query)


def now(begun: DeviceBegun | Credential) -> DeviceBegun:
    """What is still waiting, when its interval is over."""
    assert isinstance(begun, DeviceBegun)
    return begun.model_copy(update={"ask_at": datetime.now(UTC)})


async def opens(authority: AuthorizationServer, credential: Credential) -> bool:
    headers = {"Authorization": f"Bearer {credential.secret.get_secret_value()}"}
    async with httpx2.AsyncClient(headers=headers, verify=NO_TLS) as http:
        return (await http.get(f"{authority.url}/me")).status_code == 200


async def test_a_person_signs_in_and_the_token_opens_the_door(authority: AuthorizationServer) -> None:
    credential = await authority.signed_in()
    assert await opens(authority, credential)
    assert (credential.auth_type, credential.client_id) == ("oauth_token", "maestro")
    assert credential.token_url == f"{authority.url}/token"
    assert credential.refresh_token
    assert credential.expires_at
    assert timedelta(minutes=59) < credential.expires_at - datetime.now(UTC) <= timedelta(hours=1)


async def test_a_code_is_good_once(authority: AuthorizationServer) -> None:
    begun = begin(authority.way, SETTINGS, CALLBACK)
    back = await visit(begun.url)
    await finish(authority.way, SETTINGS, begun, back["state"], back["code"])
    with pytest.raises(Invalid) as refused:
        await finish(authority.way, SETTINGS, begun, back["state"], back["code"])
    assert (refused.value.code, refused.value.values["reason"]) == ("sign_in_refused", "invalid_grant")


@pytest.mark.parametrize("field", ["verifier", "redirect_uri"])
async def test_a_code_is_good_only_for_who_began(field: str, authority: AuthorizationServer) -> None:
    begun = begin(authority.way, SETTINGS, CALLBACK)
    back = await visit(begun.url)
    other = begun.model_copy(update={field: getattr(begun, field) + "x"})
    with pytest.raises(Invalid) as refused:
        await finish(authority.way, SETTINGS, other, back["state"], back["code"])
    assert refused.value.values["reason"] == "invalid_grant"


async def test_a_client_with_the_wrong_secret_is_refused(authority: AuthorizationServer) -> None:
    begun = begin(authority.way, SETTINGS, CALLBACK)
    back = await visit(begun.url)
    wrong = SETTINGS.model_copy(update={"google_oauth_client_secret": SecretStr("wrong")})
    with pytest.raises(Invalid) as refused:
        await finish(authority.way, wrong, begun, back["state"], back["code"])
    assert refused.value.values["reason"] == "invalid_client"


@pytest.mark.parametrize(
    ("changed", "state", "code", "told"),
    [
        ({}, "another", "c", "sign_in_state"),
        ({}, "", "c", "sign_in_state"),
        ({}, "stäte\ud800", "c", "sign_in_state"),
        ({"provider": "vertex"}, "s", "c", "sign_in_state"),
        ({"at": datetime(2026, 1, 1, tzinfo=UTC)}, "s", "c", "sign_in_expired"),
        ({}, "s", "", "sign_in_denied"),
        ({}, "s", "c d", "sign_in_refused"),
        ({}, "s", "c" * 5000, "sign_in_refused"),
    ],
)
async def test_what_comes_back_and_does_not_fit_is_sent_nowhere(
    changed: dict[str, object], state: str, code: str, told: str
) -> None:
    begun = begin(WAYS["gemini"], SETTINGS, CALLBACK).model_copy(update={"state": "s", **changed})
    with endpoint(json.dumps(GIVEN).encode()) as tokens:
        with pytest.raises(Invalid) as refused:
            await finish(at(tokens.url), SETTINGS, begun, state, code)
        assert not tokens.asked
    assert refused.value.code == told


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"not JSON", 200, "sign_in_answer"),
        (b"null", 200, "sign_in_answer"),
        (b"[" * 60_000, 200, "sign_in_answer"),
        (b"{}", 200, "sign_in_answer"),
        (json.dumps({**GIVEN, "token_type": "mac"}).encode(), 200, "sign_in_answer"),
        (json.dumps({**GIVEN, "access_token": "a b"}).encode(), 200, "sign_in_answer"),
        (json.dumps({**GIVEN, "access_token": ["a"]}).encode(), 200, "sign_in_answer"),
        (json.dumps({**GIVEN, "refresh_token": "a\r\nb"}).encode(), 200, "sign_in_answer"),
        (json.dumps({**GIVEN, "expires_in": -1}).encode(), 200, "sign_in_answer"),
        (json.dumps({**GIVEN, "expires_in": 1e300}).encode(), 200, "sign_in_answer"),
        (json.dumps({**GIVEN, "more": "x" * 65_536}).encode(), 200, "sign_in_answer"),
        (b"", 302, "sign_in_answer"),
        (b"<html>no</html>", 404, "sign_in_answer"),
        (b'{"error": "access_denied"}', 400, "sign_in_denied"),
        (b'{"error": "invalid_grant"}', 400, "sign_in_refused"),
        (b'{"error": {"message": "ya29.echo"}}', 400, "sign_in_refused"),
        (json.dumps({**GIVEN, "scope": "openid email"}).encode(), 200, "sign_in_scope"),
        (b"busy", 503, "sign_in_unreachable"),
    ],
)
async def test_an_answer_that_is_none_is_refused(body: bytes, status: int, told: str) -> None:
    begun = begin(WAYS["gemini"], SETTINGS, CALLBACK)
    with endpoint(body, status, {"location": NOWHERE}) as tokens, pytest.raises(MaestroError) as refused:
        await finish(at(tokens.url), SETTINGS, begun, begun.state, "c")
    assert refused.value.code == told
    assert "ya29" not in str(refused.value.values)


async def test_an_answer_that_is_packed_is_refused() -> None:
    begun = begin(WAYS["gemini"], SETTINGS, CALLBACK)
    packed = gzip.compress(json.dumps({**GIVEN, "more": "x" * 10**7}).encode())
    headers = {"content-encoding": "gzip"}
    with endpoint(packed, headers=headers) as tokens, pytest.raises(Invalid) as refused:
        await finish(at(tokens.url), SETTINGS, begun, begun.state, "c")
    assert tokens.asked[0][0]["accept-encoding"] == "identity"
    assert refused.value.code == "sign_in_answer"


async def test_a_server_that_is_silent_or_away_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "WAIT", 0.2)
    begun = begin(WAYS["gemini"], SETTINGS, CALLBACK)
    with endpoint(b"{}", delay=1) as silent:
        for url in (silent.url, NOWHERE):
            with pytest.raises(Unavailable) as gone:
                await finish(at(url), SETTINGS, begun, begun.state, "c")
            assert gone.value.code == "sign_in_unreachable"


async def test_a_token_that_cannot_be_renewed_is_taken_as_it_is() -> None:
    begun = begin(WAYS["gemini"], SETTINGS, CALLBACK)
    given = {"access_token": "ya29.a", "token_type": "bearer", "refresh_token": None, "expires_in": None}
    with endpoint(json.dumps(given).encode()) as tokens:
        credential = await finish(at(tokens.url), SETTINGS, begun, begun.state, "c")
    assert not credential.refresh_token
    assert credential.expires_at is None


async def test_google_s_answer_becomes_a_credential_of_this_server() -> None:
    settings = SETTINGS.model_copy(update={"google_cloud_project": "p", "google_cloud_location": "l"})
    begun = begin(WAYS["gemini"], settings, CALLBACK)
    scope = " ".join(["openid", *WAYS["gemini"].scopes])
    with endpoint(json.dumps({**GIVEN, "scope": scope}).encode()) as tokens:
        credential = await finish(at(tokens.url), settings, begun, begun.state, "4/0Abc-_")
        form = parse_qs(tokens.asked[0][1].decode())
    assert credential.secret.get_secret_value() == "ya29.a"
    assert credential.refresh_token.get_secret_value() == "1//r"
    assert (credential.project, credential.location) == ("p", "l")
    assert (form["code"], form["code_verifier"]) == (["4/0Abc-_"], [begun.verifier])
    assert (form["grant_type"], form["client_id"]) == (["authorization_code"], ["maestro"])


@pytest.mark.parametrize("provider", ["gemini", "vertex"])
def test_google_is_asked_for_a_refresh_token_and_told_no_secret(provider: str) -> None:
    begun = begin(way(provider), SETTINGS, CALLBACK)
    query = asked_of(begun)
    assert begun.url.startswith("https://accounts.google.com/o/oauth2/v2/auth?")
    assert (query["access_type"], query["prompt"]) == (["offline"], ["consent"])
    assert (query["code_challenge"], query["code_challenge_method"]) == (
        [challenge(begun.verifier)],
        ["S256"],
    )
    assert (query["redirect_uri"], query["state"]) == ([CALLBACK], [begun.state])
    assert query["scope"][0].startswith("https://www.googleapis.com/auth/cloud-platform")
    assert begun.verifier not in begun.url
    assert "secret" not in begun.url


def test_every_sign_in_is_another() -> None:
    begun = [begin(way("gemini"), SETTINGS, CALLBACK) for _ in range(20)]
    assert len({one.state for one in begun}) == len({one.verifier for one in begun}) == 20
    assert all(len(one.verifier) >= 43 for one in begun)


def test_nothing_secret_is_shown() -> None:
    begun = begin(way("gemini"), SETTINGS, CALLBACK)
    assert begun.state not in repr(begun)
    assert begun.verifier not in repr(begun)
    assert Begun.model_validate_json(begun.model_dump_json()) == begun, "it can be kept"


async def test_openrouter_gives_a_key_for_a_code() -> None:
    begun = begin(way("openrouter"), Settings(), f"{CALLBACK}?to=settings")
    query = asked_of(begun)
    assert query["callback_url"] == [f"{CALLBACK}?to=settings&state={begun.state}"]
    assert query["code_challenge"] == [challenge(begun.verifier)]
    with endpoint(b'{"key": "sk-or-v1-1", "user_id": "u"}') as keys:
        there = replace(way("openrouter"), token_url=keys.url)
        credential = await finish(there, Settings(), begun, begun.state, "c")
        headers, body = keys.asked[0]
    assert (credential.auth_type, credential.secret.get_secret_value()) == ("api_key", "sk-or-v1-1")
    sent = {"code": "c", "code_verifier": begun.verifier, "code_challenge_method": "S256"}
    assert json.loads(body) == sent
    assert "authorization" not in headers


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b'{"error": {"message": "no", "code": 403}}', 403, "sign_in_refused"),
        (b'{"key": "sk or"}', 200, "sign_in_answer"),
        (b'{"key": null}', 200, "sign_in_answer"),
        (b"[]", 200, "sign_in_answer"),
        (b"<html>", 404, "sign_in_answer"),
        (b"{}", 500, "sign_in_unreachable"),
    ],
)
async def test_openrouter_s_refusals_are_told(body: bytes, status: int, told: str) -> None:
    begun = begin(way("openrouter"), Settings(), CALLBACK)
    with endpoint(body, status) as keys, pytest.raises(MaestroError) as refused:
        await finish(replace(way("openrouter"), token_url=keys.url), Settings(), begun, begun.state, "c")
    assert refused.value.code == told


@pytest.mark.parametrize("provider", ["openai", "anthropic", "mistral", "nobody"])
def test_who_offers_no_sign_in_is_named(provider: str) -> None:
    with pytest.raises(Invalid) as refused:
        way(provider)
    assert (refused.value.code, refused.value.values) == ("sign_in_not_offered", {"provider": provider})


def test_without_a_client_of_its_own_the_server_says_which_setting_is_missing() -> None:
    with pytest.raises(Invalid) as refused:
        begin(way("gemini"), Settings(), CALLBACK)
    assert refused.value.code == "sign_in_client_missing"
    assert refused.value.values["setting"] == "GOOGLE_OAUTH_CLIENT_ID"


@pytest.mark.parametrize("there", [at("http://tokens.example.org"), at("nonsense")])
def test_nobody_signs_in_where_others_could_listen(there: Way) -> None:
    with pytest.raises(Invalid, match="sign_in_not_private"):
        begin(there, SETTINGS, CALLBACK)
    with pytest.raises(Invalid, match="sign_in_not_private"):
        begin(way("gemini"), SETTINGS, "http://maestro.example.org/callback")


async def test_a_person_signs_in_on_another_device(authority: AuthorizationServer) -> None:
    begun = await begin_device(authority.way, SETTINGS)
    assert begun.device_code not in repr(begun)
    waiting = await poll(authority.way, SETTINGS, now(begun))
    assert isinstance(waiting, DeviceBegun)
    assert waiting.interval == begun.interval == 5
    slower = await poll(authority.way, SETTINGS, now(waiting))
    assert isinstance(slower, DeviceBegun)
    assert slower.interval == 10
    assert slower.ask_at - datetime.now(UTC) > timedelta(seconds=9)
    await visit(begun.verification_uri, {"user_code": begun.user_code, "confirm": "yes"})
    credential = await poll(authority.way, SETTINGS, now(slower))
    assert isinstance(credential, Credential)
    assert await opens(authority, credential)
    with pytest.raises(Invalid, match="sign_in_refused"):
        await poll(authority.way, SETTINGS, now(slower))


async def test_a_person_says_no_on_the_other_device(authority: AuthorizationServer) -> None:
    begun = await begin_device(authority.way, SETTINGS)
    await visit(begun.verification_uri, {"user_code": begun.user_code, "abort": "yes"})
    with pytest.raises(Invalid, match="sign_in_denied"):
        await poll(authority.way, SETTINGS, now(begun))


async def test_a_server_is_not_polled_faster_than_it_allows() -> None:
    with endpoint(json.dumps(DEVICE).encode()) as server:
        there = at(server.url, device_url=server.url)
        begun = await begin_device(there, SETTINGS)
        assert await poll(there, SETTINGS, begun) is begun
        assert len(server.asked) == 1


async def test_who_takes_too_long_begins_anew() -> None:
    with endpoint(json.dumps(DEVICE).encode()) as server:
        there = at(server.url, device_url=server.url)
        begun = await begin_device(there, SETTINGS)
        late = begun.model_copy(update={"expires_at": datetime.now(UTC)})
        with pytest.raises(Invalid, match="sign_in_expired"):
            await poll(there, SETTINGS, late)
    refusal = b'{"error": "expired_token"}'
    with endpoint(refusal, 400) as server, pytest.raises(Invalid, match="sign_in_expired"):
        await poll(at(server.url), SETTINGS, now(begun))


@pytest.mark.parametrize(
    "changed",
    [
        {"verification_url": "http://example.org/device"},
        {"verification_url": "javascript:alert(1)"},
        {"user_code": "A\u202eB"},
        {"device_code": ""},
        {"expires_in": 0},
        {"interval": 10**6},
    ],
)
async def test_a_device_answer_that_is_none_is_refused(changed: dict[str, object]) -> None:
    said = json.dumps({**DEVICE, **changed}).encode()
    with endpoint(said) as server, pytest.raises(Invalid, match="sign_in_answer"):
        await begin_device(at(server.url, device_url=server.url), SETTINGS)


async def test_google_takes_no_other_device_for_models() -> None:
    with pytest.raises(Invalid, match="sign_in_not_offered"):
        await begin_device(way("gemini"), SETTINGS)


def test_importing_it_loads_no_http_client() -> None:
    code = "import sys, agent.providers._sign_in; print(*{'httpx2', 'authlib'} & {*sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not loaded.stdout.split()
