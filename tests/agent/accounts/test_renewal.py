"""Tokens that several have at hand and one alone renews."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlmodel import col, update

from agent import accounts
from agent.accounts import renewal
from agent.accounts.renewal import Renewal
from agent.core.errors import ProviderError, Unavailable
from agent.core.identity import User
from agent.core.provider import Credential
from agent.store.columns import now
from agent.store.engine import writing
from agent.store.users import LlmConfigurationRow

OLD = Credential(
    auth_type="oauth_token", secret=SecretStr("a1"), refresh_token=SecretStr("r1"), client_id="ours"
)


class Authority:
    """Gives each refresh token's successor once, as servers do that rotate them."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.was_asked, self.answers = asyncio.Event(), asyncio.Event()
        self.answers.set()

    async def fetch(self, old: Credential) -> Credential:
        refresh = old.refresh_token.get_secret_value()
        self.asked.append(refresh)
        self.was_asked.set()
        await self.answers.wait()
        if refresh in self.asked[:-1]:
            raise ProviderError("auth", "invalid_grant")
        number = int(refresh[1:]) + 1
        fresh = {"secret": SecretStr(f"a{number}"), "refresh_token": SecretStr(f"r{number}")}
        return old.model_copy(update=fresh)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "LOOK_AGAIN", 0.01)


@pytest.fixture
async def kept(owner: User) -> accounts.Kept:
    await accounts.keep_credential(owner, "gemini", OLD, "signed_in")
    (kept,) = await accounts.kept_credentials(owner)
    return kept


async def lease(kept: accounts.Kept, seconds: float) -> None:
    """Let another process have taken it on."""
    until = now() + timedelta(seconds=seconds)
    change = update(LlmConfigurationRow).where(col(LlmConfigurationRow.id) == kept.id)
    await writing(lambda store: store.exec(change.values(renewing_until=until)).rowcount)


async def test_of_all_that_want_to_renew_one_alone_asks(kept: accounts.Kept, owner: User) -> None:
    authority = Authority()
    renewals = [Renewal(kept) for _ in range(6)]
    renewed = await asyncio.gather(*(each(OLD, authority.fetch) for each in renewals))
    assert authority.asked == ["r1"]
    assert {each.secret.get_secret_value() for each in renewed} == {"a2"}
    assert {each.client_id for each in renewed} == {"ours"}
    (stored,) = await accounts.kept_credentials(owner)
    assert (await accounts.open_credential(stored)).refresh_token.get_secret_value() == "r2"
    assert stored.created_at == kept.created_at
    again = await asyncio.gather(*(each(renewed[0], authority.fetch) for each in renewals))
    assert authority.asked == ["r1", "r2"]
    assert {each.secret.get_secret_value() for each in again} == {"a3"}


async def test_who_waits_takes_what_the_other_has_fetched(kept: accounts.Kept) -> None:
    authority = Authority()
    authority.answers.clear()
    first = asyncio.create_task(Renewal(kept)(OLD, authority.fetch))
    await authority.was_asked.wait()
    second = asyncio.create_task(Renewal(kept)(OLD, authority.fetch))
    await asyncio.sleep(0.05)
    assert not second.done()
    authority.answers.set()
    assert (await first).secret == (await second).secret
    assert authority.asked == ["r1"]


async def test_when_who_has_taken_it_on_dies_another_does_it(kept: accounts.Kept) -> None:
    authority = Authority()
    await lease(kept, 0.3)
    renewed = await Renewal(kept)(OLD, authority.fetch)
    assert renewed.secret.get_secret_value() == "a2"


async def test_after_a_failure_others_may_try_at_once(kept: accounts.Kept) -> None:
    async def down(_old: Credential) -> Credential:
        raise ProviderError("network")

    with pytest.raises(ProviderError):
        await Renewal(kept)(OLD, down)
    assert (await Renewal(kept)(OLD, Authority().fetch)).secret.get_secret_value() == "a2"


async def test_a_credential_that_was_removed_is_not_renewed(kept: accounts.Kept, owner: User) -> None:
    authority = Authority()
    await accounts.remove_credential(owner, kept.provider)
    with pytest.raises(ProviderError) as refused:
        await Renewal(kept)(OLD, authority.fetch)
    assert (refused.value.kind, authority.asked) == ("auth", [])


async def test_what_was_fetched_is_used_even_when_it_cannot_be_stored(
    kept: accounts.Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, mine = Authority(), Renewal(kept)

    async def fetch(old: Credential) -> Credential:
        fetched = await authority.fetch(old)
        monkeypatch.setattr(renewal, "writing", full)
        return fetched

    async def full(_work: object) -> None:
        raise Unavailable("database")

    first = await mine(OLD, fetch)
    monkeypatch.setattr(renewal, "writing", writing)
    await lease(kept, -1)
    second = await mine(first, authority.fetch)
    assert [each.secret.get_secret_value() for each in (first, second)] == ["a2", "a3"]
    assert authority.asked == ["r1", "r2"]
