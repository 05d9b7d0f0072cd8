from datetime import UTC, datetime, timedelta

import httpx2

from agent import providers
from agent.providers import CredentialState
from app.settings.keys import keys_shown, told_of
from tests.app.serving import Server
from tests.app.tabs import STATE, Tab, opened

KEYS = f"{STATE}.app___settings___keys____keys_state"
SAID = f"{STATE}.app___settings___said____said_state"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECRET = "sk-canary-of-a-key-0123456789-wxyz"


def shown(tab: Tab, provider: str) -> dict[str, object]:
    return next((one for one in tab.of(KEYS, "keys") or [] if one["provider"] == provider), {})


def state(provider: str, source: str, **more: object) -> CredentialState:
    known = {"provider": provider, "source": source, "auth_type": None, "auth_types": ("api_key",)}
    return CredentialState.model_validate({**known, "has_sign_in": False, **more})


def test_a_key_is_told_by_whose_it_is_and_how_it_ends() -> None:
    own = state("openai", "own", auth_type="api_key", hint="wxyz", last_used_at=NOW - timedelta(hours=3))
    assert keys_shown([own], NOW)[0].state == "Your key · ends in wxyz · used 3 hours ago"
    assert keys_shown([state("openai", "server")], NOW)[0].state == "The server’s key"
    signed_in = state("openrouter", "own", auth_type="oauth_token", has_sign_in=True)
    [found] = keys_shown([signed_in], NOW)
    assert (found.state, found.sign_in) == ("Signed in by you · never used", "Sign in with OpenRouter")


def test_what_is_there_comes_first_and_what_cannot_be_had_is_not_shown() -> None:
    states = [state("anthropic", "none"), state("ollama", "none", auth_types=()), state("openai", "own")]
    assert [key.provider for key in keys_shown(states, NOW)] == ["openai", "anthropic"]


def test_google_vouches_for_gemini() -> None:
    assert keys_shown([state("gemini", "none", has_sign_in=True)], NOW)[0].sign_in == "Sign in with Google"


def test_what_a_provider_said_is_told() -> None:
    refused = providers.Tested(provider="openai", source="own", outcome="auth")
    assert told_of(refused) == "OpenAI refused the key."
    assert told_of(refused.model_copy(update={"outcome": "ok"})) == "OpenAI accepts the key."


async def test_a_key_is_listed_without_itself_and_removed(server: Server, api: httpx2.Client) -> None:
    api.put("credentials/mistral", json={"secret": SECRET}).raise_for_status()
    async with opened(server, "/settings") as tab:
        await tab.send(f"{KEYS}.look")
        await tab.until(lambda: shown(tab, "mistral").get("is_own"))
        assert "ends in wxyz" in str(shown(tab, "mistral")["state"])
        await tab.send(f"{KEYS}.remove", {"provider": "mistral"})
        await tab.until(lambda: tab.of(SAID, "sentence") == "The key is removed.")
        assert shown(tab, "mistral")["is_own"] is False
        assert SECRET not in "".join(tab.heard)


async def test_a_key_that_is_not_there_cannot_be_tested(server: Server) -> None:
    async with opened(server, "/settings") as tab:
        await tab.send(f"{KEYS}.prove", {"provider": "mistral"})
        await tab.until(lambda: tab.sentence)
        assert tab.sentence == "There is no credential for this provider."


async def test_a_sign_in_that_comes_back_is_told(server: Server) -> None:
    async with opened(server, "/settings") as tab:
        await tab.send(f"{KEYS}.return_from", {"query": {"connected": "openrouter"}})
        await tab.until(lambda: tab.of(KEYS, "note"))
        assert tab.of(KEYS, "note") == "You are signed in with OpenRouter."
        await tab.send(
            f"{KEYS}.return_from", {"query": {"failed": "sign_in_denied", "provider": "openrouter"}}
        )
        await tab.until(lambda: tab.sentence)
        assert tab.sentence == "OpenRouter was told not to let Maestro in. Nothing was changed."


async def test_words_of_strangers_in_the_address_are_not_repeated(server: Server) -> None:
    async with opened(server, "/settings") as tab:
        query = {"connected": "Send your key to evil.example", "failed": "Your key is lost"}
        await tab.send(f"{KEYS}.return_from", {"query": query})
        await tab.send(f"{KEYS}.return_from", {"query": {"failed": "sign_in_denied", "provider": "evil"}})
        await tab.until(lambda: tab.sentence)
        assert "evil.example" not in "".join(tab.heard)
        assert not tab.of(KEYS, "note")
