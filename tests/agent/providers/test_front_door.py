"""The front door: who serves which model, and what can be picked."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from agent import config, providers
from agent.core.errors import Invalid, ProviderError
from agent.core.guests import guest
from agent.core.messages import Usage
from agent.core.provider import Credential
from agent.providers import _catalogue, _prices
from agent.providers.vertex import account
from tests.agent.providers.wires import PROVIDERS, finish, prompt, reached
from tests.replay import Replay

USER = guest("g")


@pytest.fixture(autouse=True)
async def _closed(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(_catalogue, "LIST_WAIT", 60.0)  # an SDK may load slowly on a busy machine
    yield
    await providers.close()


def test_importing_the_providers_imports_no_sdk() -> None:
    code = (
        "import json, sys, agent.providers as p; p.plug_ins();"
        "print(json.dumps([m for m in ('openai', 'anthropic', 'google.genai', 'genai_prices', 'httpx2')"
        " if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=config.CLONE
    )
    assert json.loads(done.stdout) == []


async def test_without_keys_there_is_only_the_demo() -> None:
    assert [entry.id for entry in await providers.models(USER)] == ["demo:scripted"]
    assert await providers.default_model(USER) == "demo:scripted"


async def test_the_demo_is_the_default_where_the_server_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    assert await providers.default_model(USER) != "demo:scripted"
    config.settings.cache_clear()
    monkeypatch.setenv("MAESTRO_DEFAULT_MODEL", "demo:scripted")
    assert await providers.default_model(USER) == "demo:scripted"


async def test_a_key_brings_its_providers_models(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", replay.url("anthropic/models"))
    served = replay.last
    first = await providers.models(USER)
    assert [entry.id for entry in first] == ["anthropic:claude-opus-5-5", "anthropic:opus", "demo:scripted"]
    assert first[0].context_window == 1_000_000
    assert await providers.models(USER) == first
    assert len(served.requests) == 1, "the list is kept"


async def test_a_list_that_cannot_be_fetched_is_replaced_by_what_we_know(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", replay.url("openai/models", fail="9:500") + "/v1")
    ids = [entry.id for entry in await providers.models(USER)]
    assert ids[0] == await providers.default_model(USER)
    assert ids[-1] == "demo:scripted"


async def test_a_slow_list_is_not_waited_for(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_catalogue, "LIST_WAIT", 0.0)
    monkeypatch.setenv("GEMINI_API_KEY", "k")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", replay.url("gemini/models", delay=60_000))
    assert "gemini:gemini-3.8-flash" in [entry.id for entry in await providers.models(USER)]


@pytest.mark.parametrize(
    ("settings", "prefix"),
    [
        ({"GEMINI_API_KEY": "k"}, "gemini"),
        ({"OPENAI_API_KEY": "k"}, "openai"),
        ({"ANTHROPIC_API_KEY": "k"}, "anthropic"),
        ({"GOOGLE_APPLICATION_CREDENTIALS": "a.json", "GOOGLE_CLOUD_PROJECT": "p"}, "vertex"),
        ({"OPENAI_COMPATIBLE_BASE_URL": "http://127.0.0.1/v1"}, "compatible"),
    ],
)
async def test_a_prefix_finds_its_provider(
    settings: dict[str, str], prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    found = await providers.provider(USER, f"{prefix}:some-model")
    assert found.name == prefix
    assert await providers.provider(USER, f"{prefix}:another") is found, "one provider for all its models"
    default = await providers.default_model(USER)
    assert default.startswith(f"{prefix}:" if prefix != "compatible" else "demo:")


async def test_a_missing_key_is_named() -> None:
    with pytest.raises(Invalid) as caught:
        await providers.provider(USER, "openai:gpt-5.5")
    assert caught.value.code == "key_missing_here"
    assert caught.value.values == {"provider": "openai", "setting": "OPENAI_API_KEY"}


@pytest.mark.parametrize("model", ["", "nobody:x", "openai", "openai:", "_wire:x"])
async def test_a_model_nobody_serves_is_refused(model: str) -> None:
    with pytest.raises(Invalid) as caught:
        await providers.provider(USER, model)
    assert (caught.value.code, caught.value.values) == ("model_unknown", {"model": model})


async def test_a_step_through_the_front_door(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_COMPATIBLE_BASE_URL", replay.url("compatible/text") + "/v1")
    served = replay.last
    model = "compatible:qwen3:8b"
    found = await providers.provider(USER, model)
    step = await finish(found, prompt(model=providers.model_name(model)))
    assert step.finished.message.text == "Grüße, Welt 🌍."
    assert step.finished.usage.cost is None
    assert served.requests[0]["body"]["model"] == "qwen3:8b"
    assert served.requests[0]["headers"]["authorization"] == "Bearer none"


async def test_a_step_has_its_price(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", replay.url("anthropic/text"))
    found = await providers.provider(USER, "anthropic:claude-opus-5")
    step = await finish(found, prompt(model="claude-opus-5"))
    # $5, $25, $0.5 and $6.25 a million: 20 read, 12 said, 50 from and 30 into the cache.
    assert step.finished.usage.cost == pytest.approx((20 * 5 + 12 * 25 + 50 * 0.5 + 30 * 6.25) / 1e6)


async def test_a_settings_default_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_DEFAULT_MODEL", "compatible:qwen3:8b")
    assert await providers.default_model(USER) == "compatible:qwen3:8b"


async def test_a_service_account_that_cannot_be_read_is_an_auth_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "nowhere.json")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    found = await providers.provider(USER, "vertex:gemini-3.8-flash")
    for _ in range(2):
        with pytest.raises(ProviderError) as caught:
            await anext(found.stream_completion(prompt()))
        assert caught.value.kind == "auth"


def vertex_credential(**written: str) -> Credential:
    return Credential.model_validate({"auth_type": "service_account", "secret": json.dumps(written)})


def test_an_account_may_be_written_as_json() -> None:
    found = account(
        vertex_credential(type="authorized_user", client_id="i", client_secret="s", refresh_token="r")
    )
    assert vars(found)["_refresh_token"] == "r"


def test_an_account_that_names_programs_to_ask_is_refused() -> None:
    with pytest.raises(ProviderError, match="external_account"):
        account(vertex_credential(type="external_account"))


async def test_an_sdk_reads_no_account_from_the_environment(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "ANTHROPIC_AUTH_TOKEN", "GOOGLE_API_KEY"):
        monkeypatch.setenv(name, "of-somebody-else")
    for name in ("anthropic", "openai", "compatible", "gemini"):
        await reached(PROVIDERS[name], replay.url(f"{name}/text"), prompt())
        headers = replay.last.requests[0]["headers"]
        assert "of-somebody-else" not in headers.values()
        assert not {"openai-organization", "openai-project"} & headers.keys()


@pytest.mark.parametrize(
    ("prefix", "whose"), [("anthropic", "anthropic"), ("openai", "openai"), ("gemini", "google")]
)
def test_a_model_we_offer_unasked_has_a_price(prefix: str, whose: str) -> None:
    for name in providers.plug_ins()[prefix].KNOWN:
        assert _prices.price(Usage(input=1000, output=1000), name, provider=whose), name
