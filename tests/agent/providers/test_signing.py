"""A person signs in at a provider and has a credential, against an authorization server of others."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import select

from agent import accounts, config, providers
from agent.core.errors import Invalid, NotFound
from agent.core.identity import User
from agent.core.provider import Credential
from agent.providers import _choosing, _signing
from agent.providers._bearer import Token
from agent.providers._connection import SdkProvider
from agent.providers._sign_in import WAYS
from agent.store.engine import reading
from agent.store.users import LlmConfigurationRow, SignInRow
from tests.oauth import CALLBACK, SETTINGS, AuthorizationServer, authorization_server, visit


@pytest.fixture(scope="module")
def authority() -> Iterator[AuthorizationServer]:
    with authorization_server() as running:
        yield running


@pytest.fixture
def emptied_database(tmp_path: Path) -> str:
    """One of SQLite: what differs between databases is tested where things are stored."""
    return f"sqlite:///{tmp_path / 'app.db'}"


@pytest.fixture(autouse=True)
async def _there(authority: AuthorizationServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Google is elsewhere, and this server is known there."""
    monkeypatch.setenv("GOOGLE_OAUTH_CLIENT_ID", SETTINGS.google_oauth_client_id)
    monkeypatch.setenv("GOOGLE_OAUTH_CLIENT_SECRET", SETTINGS.google_oauth_client_secret.get_secret_value())
    config.settings.cache_clear()
    monkeypatch.setitem(WAYS, "gemini", authority.way)
    monkeypatch.setattr(_signing, "BACK", urlsplit(CALLBACK).path)
    yield
    await providers.close()


async def signed_in(user: User) -> accounts.Kept:
    back = await visit(await providers.begin_sign_in(user, "gemini"))
    assert await providers.finish_sign_in(user, back["state"], back["code"]) == "gemini"
    (kept,) = await accounts.kept_credentials(user)
    return kept


async def refusal(user: User, state: str, code: str) -> str:
    with pytest.raises(Invalid) as refused:
        await providers.finish_sign_in(user, state, code)
    return refused.value.code


async def test_who_comes_back_has_a_credential(owner: User) -> None:
    kept = await signed_in(owner)
    opened = await accounts.open_credential(kept)
    assert (kept.auth_type, kept.hint) == ("oauth_token", "")
    assert opened.refresh_token
    assert (opened.client_id, opened.token_url) == ("", "")
    state = await providers.credential(owner, "gemini")
    assert (state.source, state.auth_type, state.has_sign_in) == ("own", "oauth_token", True)


async def test_a_state_is_good_once_and_for_who_went_there(owner: User, other: User) -> None:
    back = await visit(await providers.begin_sign_in(owner, "gemini"))
    assert await refusal(other, back["state"], back["code"]) == "sign_in_state"
    assert await refusal(owner, "another", back["code"]) == "sign_in_state"
    await providers.finish_sign_in(owner, back["state"], back["code"])
    assert await refusal(owner, back["state"], back["code"]) == "sign_in_state"
    assert await accounts.kept_credentials(other) == []


async def test_who_says_no_has_none(owner: User) -> None:
    url = await providers.begin_sign_in(owner, "gemini")
    (state,) = parse_qs(urlsplit(url).query)["state"]
    assert await refusal(owner, state, "") == "sign_in_denied"
    assert await refusal(owner, state, "") == "sign_in_state"
    assert await accounts.kept_credentials(owner) == []


async def test_what_is_kept_on_the_way_tells_nothing(owner: User) -> None:
    url = await providers.begin_sign_in(owner, "gemini")
    (state,) = parse_qs(urlsplit(url).query)["state"]
    (row,) = await reading(lambda store: [*store.exec(select(SignInRow))])
    assert (row.purpose, row.owner) == ("provider", owner.id)
    assert state.encode() not in row.sealed + row.state_hash.encode()


@pytest.mark.parametrize(("provider", "code"), [("openai", "sign_in_not_offered"), ("nobody", "provider")])
async def test_where_no_sign_in_is_offered_it_is_told(owner: User, provider: str, code: str) -> None:
    for begin in (providers.begin_sign_in, providers.begin_device_sign_in):
        with pytest.raises((Invalid, NotFound), match=code):
            await begin(owner, provider)


async def test_without_a_client_of_this_server_it_is_told(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOOGLE_OAUTH_CLIENT_ID")
    config.settings.cache_clear()
    with pytest.raises(Invalid, match="sign_in_client_missing"):
        await providers.begin_sign_in(owner, "gemini")


async def test_a_code_typed_elsewhere_brings_a_credential(owner: User, other: User) -> None:
    begun = await providers.begin_device_sign_in(owner, "gemini")
    early = await providers.poll_device_sign_in(owner, "gemini", begun.id)
    assert not early.is_done
    strange = [(other, "gemini", begun.id), (owner, "openai", begun.id), (owner, "gemini", "x")]
    for user, provider, name in strange:
        with pytest.raises(NotFound, match="sign_in"):
            await providers.poll_device_sign_in(user, provider, name)
    await visit(begun.verification_uri, {"user_code": begun.user_code})
    await due(owner, begun.id)
    assert (await providers.poll_device_sign_in(owner, "gemini", begun.id)).is_done
    assert (await providers.credential(owner, "gemini")).source == "own"
    with pytest.raises(NotFound):
        await providers.poll_device_sign_in(owner, "gemini", begun.id)


async def due(user: User, name: str) -> None:
    """Let the interval be over."""
    kept = await accounts.look_at_sign_in(name, "device", user.id)
    assert kept
    waiting = _signing.DeviceBegun.model_validate_json(kept)
    soon = waiting.model_copy(update={"ask_at": datetime.now(UTC)}).model_dump_json().encode()
    assert await accounts.replace_sign_in(name, "device", user.id, kept, soon)


async def test_who_polls_before_it_was_done_goes_on_waiting(owner: User) -> None:
    begun = await providers.begin_device_sign_in(owner, "gemini")
    await due(owner, begun.id)
    polls = (providers.poll_device_sign_in(owner, "gemini", begun.id) for _ in range(3))
    assert [polled.is_done for polled in await asyncio.gather(*polls)] == [False] * 3
    await visit(begun.verification_uri, {"user_code": begun.user_code})
    await due(owner, begun.id)
    assert (await providers.poll_device_sign_in(owner, "gemini", begun.id)).is_done


async def test_a_device_sign_in_that_is_refused_is_over(
    owner: User, authority: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = await providers.begin_device_sign_in(owner, "gemini")
    await due(owner, begun.id)
    monkeypatch.setitem(WAYS, "gemini", replace(authority.way, token_url=f"{authority.url}/nowhere"))
    with pytest.raises(Invalid):
        await providers.poll_device_sign_in(owner, "gemini", begun.id)
    with pytest.raises(NotFound):
        await providers.poll_device_sign_in(owner, "gemini", begun.id)


def tokens(kept: accounts.Kept, credential: Credential) -> Token:
    """As a process has it that has just connected."""
    plug_in = providers.plug_ins()["gemini"]
    patient: Any = _choosing.connect(
        plug_in, _choosing.completed(plug_in, credential, config.settings()), kept
    )
    inner = patient._provider
    assert isinstance(inner, SdkProvider)
    return Token(inner._credential, inner.renew)


async def test_many_processes_share_a_refresh_token_that_is_good_once(
    owner: User, authority: AuthorizationServer
) -> None:
    """The server here gives another refresh token each time, and ends the sign-in when a used one comes."""
    kept = await signed_in(owner)
    opened = await accounts.open_credential(kept)
    ending = opened.model_copy(update={"expires_at": datetime.now(UTC) + timedelta(seconds=5)})
    there = [tokens(kept, ending) for _ in range(5)]
    for _ in range(3):
        used = await asyncio.gather(*(each.current() for each in there))
        renewed = await asyncio.gather(*(each.renew(used[0]) for each in there))
        assert len({*renewed}) == 1
        assert renewed[0] not in used
        await authority.end(renewed[0])
    (stored,) = await accounts.kept_credentials(owner)
    assert (await accounts.open_credential(stored)).secret.get_secret_value() == renewed[0]
    row = await reading(lambda store: store.get(LlmConfigurationRow, stored.id))
    assert row
    assert row.renewing_until is None
    late = tokens(stored, await accounts.open_credential(stored))
    assert await late.renew(renewed[0]) not in renewed
