"""Whose credential a provider is asked with; stored, removed and tried."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr, ValidationError
from sqlmodel import col, select, update

from agent import accounts, config, providers
from agent.core.errors import Invalid, MaestroError, NotAllowed, NotFound, ProviderError
from agent.core.guests import guest
from agent.core.identity import User
from agent.providers import NewCredential, _credentials
from agent.store.audit import AuditEntryRow
from agent.store.engine import reading, writing
from agent.store.users import LlmConfigurationRow
from tests.agent.providers.wires import finish, prompt
from tests.agent.sessions.talk import sqlite_only
from tests.oauth import endpoint
from tests.replay import Recording, Replay

MODEL = "openai:gpt-6.1-sol"
MINE, THEIRS, SERVERS = "sk-mine-0123456789-mine", "sk-theirs-0123456789-thrs", "sk-servers-0123456789-srvr"
TOKENS = "https://oauth2.googleapis.com/token"


@pytest.fixture
def emptied_database(tmp_path: Path) -> str:
    """One of SQLite: what differs between databases is tested where things are stored."""
    return f"sqlite:///{tmp_path / 'app.db'}"


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    yield
    await providers.close()


@pytest.fixture
def served(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> Recording:
    """OpenAI, where the administrator has it asked."""
    at(monkeypatch, OPENAI_BASE_URL=replay.url("openai/text") + "/v1")
    return replay.last


def at(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    config.settings.cache_clear()


def new(secret: str = MINE, **more: object) -> NewCredential:
    return NewCredential.model_validate({"secret": secret, **more})


async def ask(user: User, model: str = MODEL) -> None:
    await finish(await providers.provider(user, model), prompt(model=providers.model_name(model)))


def keys(recording: Recording) -> list[str]:
    posted = [asked for asked in recording.requests if asked["body"]]
    return [asked["headers"]["authorization"].removeprefix("Bearer ") for asked in posted]


async def test_everybody_asks_with_their_own_key(owner: User, other: User, served: Recording) -> None:
    await providers.store_credential(owner, "openai", new(MINE))
    await providers.store_credential(other, "openai", new(THEIRS))
    await asyncio.gather(*(ask(user) for user in (owner, other) * 5))
    assert sorted(keys(served)) == sorted([MINE, THEIRS] * 5)
    await ask(owner)
    assert keys(served)[-1] == MINE


async def test_one_s_own_key_comes_before_the_server_s(
    owner: User, other: User, served: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, OPENAI_API_KEY=SERVERS)
    await providers.store_credential(owner, "openai", new(MINE))
    await ask(owner)
    await ask(other)
    await ask(guest("g"))
    assert keys(served) == [MINE, SERVERS, SERVERS]


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("everyone", {"owner", "other", "guest"}),
        ("administrators", {"owner"}),
        ("nobody", set[str]()),
    ],
)
async def test_the_server_s_keys_are_for_whom_its_administrator_lets(
    owner: User, other: User, served: Recording, monkeypatch: pytest.MonkeyPatch, who: str, may: set[str]
) -> None:
    at(monkeypatch, OPENAI_API_KEY=SERVERS, MAESTRO_SHARED_KEYS=who)
    users = {"owner": owner, "other": other.model_copy(update={"is_admin": False}), "guest": guest("g")}
    can: set[str] = set()
    for name, user in users.items():
        offered = {entry.id.partition(":")[0] for entry in await providers.models(user, patiently=False)}
        with suppress(Invalid):
            await ask(user)
            can.add(name)
        assert ("openai" in offered) == (name in can)
    assert can == may
    assert keys(served) == [SERVERS] * len(may)


async def test_who_has_no_key_is_told_where_to_put_one(owner: User, other: User) -> None:
    for user, code in ((owner, "key_missing"), (other, "key_missing_here"), (guest("g"), "key_missing_here")):
        with pytest.raises(Invalid) as refused:
            await providers.provider(user, MODEL)
        assert refused.value.code == code


async def test_a_server_without_a_key_is_there_for_everybody(
    other: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(
        monkeypatch,
        MAESTRO_SHARED_KEYS="nobody",
        OLLAMA_BASE_URL="http://127.0.0.1:9/v1",
        GOOGLE_CLOUD_PROJECT="p",
    )
    assert await providers.provider(other, "ollama:qwen3")
    with pytest.raises(Invalid, match="key_missing"):
        await providers.provider(other, "vertex:gemini-3.8-flash")


async def test_what_is_removed_or_replaced_counts_from_the_next_step_on(
    owner: User, served: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    await providers.store_credential(owner, "openai", new(MINE))
    await ask(owner)
    await providers.store_credential(owner, "openai", new(THEIRS))
    await ask(owner)
    await providers.remove_credential(owner, "openai")
    with pytest.raises(Invalid, match="key_missing"):
        await providers.provider(owner, MODEL)
    at(monkeypatch, OPENAI_API_KEY=SERVERS)
    await ask(owner)
    assert keys(served) == [MINE, THEIRS, SERVERS]


async def test_what_another_process_removes_is_asked_with_no_more(owner: User, served: Recording) -> None:
    await providers.store_credential(owner, "openai", new(MINE))
    await ask(owner)
    await accounts.remove_credential(owner, "openai")
    with pytest.raises(Invalid, match="key_missing"):
        await ask(owner)
    assert keys(served) == [MINE]


async def test_a_connection_lasts_as_long_as_its_credential(owner: User, served: Recording) -> None:
    await providers.store_credential(owner, "openai", new(MINE))
    first = await providers.provider(owner, MODEL)
    assert await providers.provider(owner, "openai:another") is first
    await providers.store_credential(owner, "openai", new(MINE))
    assert await providers.provider(owner, MODEL) is not first
    assert not served.requests


async def test_a_key_that_cannot_be_opened_is_told_and_the_server_s_is_not_taken(
    owner: User, other: User, served: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, OPENAI_API_KEY=SERVERS)
    for user in (owner, other):
        await providers.store_credential(user, "openai", new())
    (theirs,) = await accounts.kept_credentials(other)
    swap = update(LlmConfigurationRow).where(col(LlmConfigurationRow.user_id) == owner.id)
    await writing(lambda store: store.exec(swap.values(credentials=theirs.sealed)).rowcount)
    with pytest.raises(Invalid, match="sealed_damaged"):
        await ask(owner)
    offered = {entry.id.partition(":")[0] for entry in await providers.models(owner, patiently=False)}
    assert "openai" not in offered
    assert not served.requests
    await providers.store_credential(owner, "openai", new())
    await ask(owner)


async def test_the_state_tells_whose_credential_it_is_and_never_more(
    owner: User, other: User, served: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, OPENAI_API_KEY=SERVERS, MAESTRO_SHARED_KEYS="administrators")
    member = other.model_copy(update={"is_admin": False})
    await providers.store_credential(owner, "anthropic", new())
    states = {state.provider: state for state in await providers.credentials(owner)}
    assert (states["anthropic"].source, states["anthropic"].hint) == ("own", "mine")
    assert (states["openai"].source, states["openai"].hint) == ("server", "")
    assert states["openai"] == await providers.credential(owner, "openai")
    assert {state.source for state in await providers.credentials(member)} == {"none"}
    assert not any(secret in repr(states) for secret in (MINE, SERVERS))
    assert "demo" not in states
    assert states["openrouter"].has_sign_in
    assert not states["gemini"].has_sign_in
    await providers.store_credential(owner, "openai", new())
    await ask(owner)
    used = await providers.credential(owner, "openai")
    assert used.last_used_at
    assert keys(served) == [MINE]


@pytest.mark.parametrize("provider", ["", "demo", "nobody", "_wires", "OPENAI", "../openai", "\0"])
async def test_a_provider_that_is_none_is_told(owner: User, provider: str) -> None:
    with pytest.raises(NotFound):
        await providers.store_credential(owner, provider, new())
    with pytest.raises(NotFound):
        await providers.credential(owner, provider)


@sqlite_only
@pytest.mark.parametrize(
    ("provider", "given", "code"),
    [
        ("openai", {"secret": "two words"}, "key_malformed"),
        ("openai", {"secret": "kéy"}, "key_malformed"),
        ("openai", {"secret": " \n "}, "key_malformed"),
        ("openai", {"secret": "t", "auth_type": "oauth_token"}, "credential_kind"),
        ("openai", {"secret": "{}"}, "credential_kind"),
        ("anthropic", {"secret": "t", "auth_type": "oauth_token"}, "credential_kind"),
        ("ollama", {"secret": "k"}, "credential_kind"),
        ("compatible", {"secret": "k"}, "credential_kind"),
        ("vertex", {"secret": "[]", "auth_type": "service_account"}, "service_account"),
        ("vertex", {"secret": "/etc/passwd", "auth_type": "service_account"}, "service_account"),
        ("vertex", {"secret": "{" * 5000, "auth_type": "service_account"}, "service_account"),
        ("vertex", {"secret": '{"type": "service_account"}'}, "service_account"),
    ],
)
async def test_what_is_no_credential_is_refused_and_not_kept(
    owner: User, provider: str, given: dict[str, str], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await providers.store_credential(owner, provider, NewCredential.model_validate(given))
    assert refused.value.code == code
    assert not {*refused.value.values.values()} & {given["secret"]}
    assert await accounts.kept_credentials(owner) == []


@pytest.mark.parametrize(
    "given",
    [
        {"secret": "s" * 10_001},
        {"secret": ""},
        {"secret": None},
        {"secret": "s-canary", "auth_type": "none"},
        {"secret": "s-canary", "base_url": "https://evil.example.org"},
        {"secret": "s-canary", "token_url": "https://evil.example.org"},
        {"secret": "s-canary", "location": "evil.example.org/"},
        {"secret": "s-canary", "project": "p\r\nx: y"},
        {"secret": "s-canary", "project": "p\n"},
    ],
)
def test_s15_no_field_of_a_person_says_where_a_credential_goes(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refused:
        NewCredential.model_validate(given)
    assert "s-canary" not in str(refused.value)


async def test_white_space_around_a_key_is_not_part_of_it(owner: User, served: Recording) -> None:
    await providers.store_credential(owner, "openai", new(f"  {MINE}\r\n"))
    await ask(owner)
    assert keys(served) == [MINE]


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def account(private_key: str, **more: object) -> dict[str, object]:
    return {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "0123456789abcdef0123456789abcdef01234567",
        "private_key": private_key,
        "client_email": "maestro@p.iam.gserviceaccount.com",
        "token_uri": TOKENS,
        **more,
    }


async def test_a_service_account_is_kept_with_what_is_needed_of_it(owner: User, private_key: str) -> None:
    written = account(private_key, auth_uri="https://evil.example.org", client_x509_cert_url="file:///etc")
    state = await providers.store_credential(owner, "vertex", new(json.dumps(written)))
    assert (state.auth_type, state.hint) == ("service_account", "4567")
    (kept,) = await accounts.kept_credentials(owner)
    secret = (await accounts.open_credential(kept)).secret.get_secret_value()
    assert "evil" not in secret
    assert "file:" not in secret
    assert json.loads(secret)["private_key"] == private_key
    assert (await providers.provider(owner, "vertex:gemini-3.8-flash")).name == "vertex"


@pytest.mark.parametrize(
    "changed",
    [
        {"token_uri": "https://evil.example.org/token"},
        {"token_uri": "http://oauth2.googleapis.com/token"},
        {"token_uri": "https://oauth2.googleapis.com.evil.example.org/token"},
        {"token_uri": "http://169.254.169.254/"},
        {"token_uri": ["https://oauth2.googleapis.com/token"]},
        {"universe_domain": "evil.example.org"},
        {"type": "external_account", "credential_source": {"file": "/etc/passwd"}},
        {"type": "authorized_user"},
        {"type": "impersonated_service_account"},
        {"type": None},
        {"private_key": "-----BEGIN PRIVATE KEY-----\nno\n-----END PRIVATE KEY-----\n"},
        {"private_key": "/etc/ssl/private/key.pem"},
        {"client_email": "a\nb"},
    ],
)
async def test_s15_a_service_account_that_would_send_us_elsewhere_is_refused(
    owner: User, private_key: str, changed: dict[str, object]
) -> None:
    with pytest.raises(Invalid) as refused:
        await providers.store_credential(
            owner, "vertex", new(json.dumps({**account(private_key), **changed}))
        )
    assert refused.value.code == "service_account"
    assert refused.value.values["what"] in changed


async def outcome_of(user: User, provider: str) -> str:
    found = await providers.test_credential(user, provider)
    assert found.provider == provider
    return found.outcome


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ({}, "ok"),
        ({"fail": "9:401"}, "auth"),
        ({"fail": "9:403"}, "auth"),
        ({"fail": "9:429:30"}, "rate"),
        ({"fail": "9:402"}, "quota"),
        ({"fail": "9:500"}, "overloaded"),
        ({"hang": 5}, "network"),
        ({"cut": 5}, "cut"),
    ],
)
async def test_the_provider_says_whether_it_takes_a_credential(
    owner: User,
    replay: Replay,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, str | int],
    outcome: str,
) -> None:
    at(monkeypatch, OPENAI_BASE_URL=replay.url("openai/models", **options) + "/v1")
    served = replay.last
    await providers.store_credential(owner, "openai", new())
    if outcome == "network":
        monkeypatch.setattr(_credentials, "PATIENCE", 2.0)
    assert await outcome_of(owner, "openai") == outcome
    assert len(served.requests) == 1, "it is asked once"
    assert served.requests[0]["headers"]["authorization"] == f"Bearer {MINE}"
    bodies = await reading(lambda store: [*store.exec(select(AuditEntryRow.body))])
    assert f'{{"outcome":"{outcome}","provider":"openai","source":"own"}}' in bodies


async def test_a_test_repeats_no_word_of_the_provider(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps(
        {"error": {"message": f"Incorrect API key provided: {MINE}", "code": "invalid_api_key"}}
    )
    with endpoint(said.encode(), 401) as asked:
        at(monkeypatch, OPENAI_BASE_URL=f"{asked.url}/v1")
        await providers.store_credential(owner, "openai", new())
        found = await providers.test_credential(owner, "openai")
        assert MINE not in found.model_dump_json()
        with pytest.raises(Invalid) as refused:
            await providers.store_credential(owner, "openai", new(), is_tested=True)
        assert MINE not in repr(refused.value.values)


async def test_the_server_s_credential_can_be_tried_by_whom_it_is_for(
    owner: User, other: User, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = replay.url("openai/models") + "/v1"
    at(monkeypatch, OPENAI_BASE_URL=url, OPENAI_API_KEY=SERVERS, MAESTRO_SHARED_KEYS="administrators")
    assert (await providers.test_credential(owner, "openai")).source == "server"
    with pytest.raises(NotFound):
        await providers.test_credential(other.model_copy(update={"is_admin": False}), "openai")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({}, ""),
        ({"fail": "9:401"}, "credential_refused"),
        ({"fail": "9:402"}, "credential_refused"),
        ({"fail": "9:429"}, "credential_untested"),
        ({"fail": "9:503"}, "credential_untested"),
    ],
)
async def test_what_is_tested_first_is_kept_only_when_it_is_taken(
    owner: User, replay: Replay, monkeypatch: pytest.MonkeyPatch, options: dict[str, str], code: str
) -> None:
    at(monkeypatch, OPENAI_BASE_URL=replay.url("openai/models", **options) + "/v1")
    with pytest.raises(MaestroError, match=code) if code else nullcontext():
        await providers.store_credential(owner, "openai", new(), is_tested=True)
    assert bool(await accounts.kept_credentials(owner)) == (not code)


@pytest.mark.parametrize(
    ("list_status", "answer_status", "outcome"),
    [(200, 400, "ok"), (200, 401, "auth"), (200, 422, "ok"), (401, 400, "auth"), (200, 403, "auth")],
)
async def test_a_list_that_everybody_may_read_proves_no_key(
    owner: User,
    replay: Replay,
    monkeypatch: pytest.MonkeyPatch,
    list_status: int,
    answer_status: int,
    outcome: str,
) -> None:
    models = exchange("GET", "/v1/models", list_status, '{"data": [{"id": "m"}]}')
    answers = exchange("POST", "/v1/chat/completions", answer_status, '{"error": {"message": "no messages"}}')
    at(monkeypatch, OPENAI_COMPATIBLE_BASE_URL=replay.serve([models, answers]) + "/v1")
    await providers.store_credential(owner, "compatible", new())
    assert await outcome_of(owner, "compatible") == outcome


async def test_openrouter_is_asked_for_the_key_itself(
    owner: User, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = replay.serve([exchange("GET", "/v1/key", 401, '{"error": {"message": "No auth"}}')])
    monkeypatch.setattr(providers.plug_ins()["openrouter"], "base_url", lambda _: f"{url}/v1")
    await providers.store_credential(owner, "openrouter", new())
    assert await outcome_of(owner, "openrouter") == "auth"
    assert [asked["path"] for asked in replay.last.requests] == ["/v1/key"]


def exchange(method: str, path: str, status: int, body: str) -> dict[str, object]:
    answer = {
        "status": status,
        "headers": {"content-type": "application/json"},
        "body": body,
        "stream": False,
    }
    return {"n": 1, "kind": "exchange", "request": {"method": method, "path": path}, "response": answer}


async def test_guests_keep_no_credentials_and_try_none() -> None:
    someone = guest("g")
    for asking in (
        providers.credentials(someone),
        providers.credential(someone, "openai"),
        providers.store_credential(someone, "openai", new()),
        providers.remove_credential(someone, "openai"),
        providers.test_credential(someone, "openai"),
        providers.begin_sign_in(someone, "openrouter"),
    ):
        with pytest.raises(NotAllowed, match="guest"):
            await asking


async def test_the_default_model_is_one_that_the_person_can_ask(
    owner: User, other: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await providers.default_model(owner) == "demo:scripted"
    at(monkeypatch, ANTHROPIC_API_KEY=SERVERS)
    assert (await providers.default_model(owner)).startswith("anthropic:")
    await providers.store_credential(owner, "openai", new())
    assert (await providers.default_model(owner)).startswith("openai:"), "one's own comes first"
    at(monkeypatch, MAESTRO_DEFAULT_MODEL="anthropic:opus")
    assert await providers.default_model(owner) == "anthropic:opus"
    at(monkeypatch, MAESTRO_SHARED_KEYS="nobody")
    assert (await providers.default_model(owner)).startswith("openai:")
    assert await providers.default_model(other) == "anthropic:opus", "it says what is missing"


async def test_an_sdk_s_error_holds_no_key_of_a_person(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with endpoint(json.dumps({"error": {"message": f"bad {MINE}"}}).encode(), 401) as asked:
        at(monkeypatch, OPENAI_BASE_URL=f"{asked.url}/v1")
        await providers.store_credential(owner, "openai", new())
        with pytest.raises(ProviderError) as failed:
            await ask(owner)
    assert MINE not in failed.value.message


def test_a_credential_is_shown_without_its_secret() -> None:
    assert MINE not in repr(new()) + new().model_dump_json()
    assert new().secret == SecretStr(MINE)
