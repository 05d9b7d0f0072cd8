"""Credentials of people at rest."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlmodel import col, select, update

from agent import accounts
from agent.accounts import Kept
from agent.accounts.credentials import USED_EVERY
from agent.core.errors import NotFound, Unavailable
from agent.core.guests import guest
from agent.core.identity import User
from agent.core.provider import Credential
from agent.store.audit import AuditEntryRow
from agent.store.columns import now
from agent.store.engine import reading, writing
from agent.store.users import LlmConfigurationRow

SECRET = "sk-canary-0123456789-0123456789-abcd"
KEY = Credential(secret=SecretStr(SECRET))
TOKEN = Credential(
    auth_type="oauth_token",
    secret=SecretStr("ya29.canary"),
    refresh_token=SecretStr("1//canary"),
    expires_at=now(),
    project="p",
    token_url="https://tokens.example.org",
    client_id="ours",
    client_secret=SecretStr("our-own"),
)


async def only(user: User, provider: str = "openai") -> Kept:
    (kept,) = await accounts.kept_credentials(user, provider)
    return kept


async def test_what_is_kept_is_what_was_stored(owner: User) -> None:
    await accounts.keep_credential(owner, "openai", KEY, "pasted")
    kept = await only(owner)
    assert await accounts.open_credential(kept) == KEY
    assert (kept.provider, kept.auth_type, kept.hint, kept.last_used_at) == (
        "openai",
        "api_key",
        "abcd",
        None,
    )
    assert kept.created_at == kept.changed_at


async def test_who_we_are_at_a_server_is_not_stored(owner: User) -> None:
    await accounts.keep_credential(owner, "gemini", TOKEN, "signed_in")
    opened = await accounts.open_credential(await only(owner, "gemini"))
    left_out = {"token_url": "", "client_id": "", "client_secret": SecretStr("")}
    assert opened == TOKEN.model_copy(update=left_out)


async def test_another_credential_takes_the_place_of_the_one_before(owner: User) -> None:
    await accounts.keep_credential(owner, "gemini", KEY, "pasted")
    before = await only(owner, "gemini")
    await accounts.keep_credential(owner, "gemini", TOKEN, "signed_in")
    after = await only(owner, "gemini")
    assert (after.auth_type, after.hint) == ("oauth_token", "")
    assert after.id != before.id


async def test_everybody_has_their_own(owner: User, other: User) -> None:
    await accounts.keep_credential(owner, "openai", KEY, "pasted")
    assert await accounts.kept_credentials(other) == []
    assert await accounts.kept_credentials(guest(owner.id)) == []
    with pytest.raises(NotFound):
        await accounts.remove_credential(other, "openai")
    assert await only(owner)


async def test_what_is_removed_is_gone(owner: User) -> None:
    await accounts.keep_credential(owner, "openai", KEY, "pasted")
    await accounts.keep_credential(owner, "gemini", KEY, "pasted")
    await accounts.remove_credential(owner, "openai")
    assert [kept.provider for kept in await accounts.kept_credentials(owner)] == ["gemini"]
    with pytest.raises(NotFound):
        await accounts.remove_credential(owner, "openai")


async def test_a_sealed_value_moved_to_another_person_s_row_is_refused(owner: User, other: User) -> None:
    for user, secret in ((owner, "sk-of-the-owner"), (other, "sk-of-the-other")):
        await accounts.keep_credential(user, "openai", Credential(secret=SecretStr(secret)), "pasted")
    first, second = await only(owner), await only(other)
    for mine, theirs in ((first, second), (second, first)):
        row = col(LlmConfigurationRow.id) == mine.id
        swap = update(LlmConfigurationRow).where(row).values(credentials=theirs.sealed)
        await writing(lambda store, swap=swap: store.exec(swap).rowcount)
    for user in (owner, other):
        with pytest.raises(Unavailable, match="sealed_damaged"):
            await accounts.open_credential(await only(user))


async def test_neither_the_database_nor_what_is_shown_holds_a_secret(owner: User, tmp_path: Path) -> None:
    for provider, credential in (("openai", KEY), ("gemini", TOKEN)):
        await accounts.keep_credential(owner, provider, credential, "pasted")
    shown = repr(await accounts.kept_credentials(owner))
    rows = await reading(lambda store: [*store.exec(select(LlmConfigurationRow.credentials))])
    audit = await reading(lambda store: [*store.exec(select(AuditEntryRow.body))])
    stored = [shown.encode(), *rows, *(body.encode() for body in audit)]
    stored += files(tmp_path)
    for secret in (b"canary", b"our-own", SECRET.encode()[-12:]):
        assert not [each for each in stored if secret in each]


def files(folder: Path) -> list[bytes]:
    """The database as it lies on the disk, with what is not yet in its file."""
    return [file.read_bytes() for file in folder.glob("app.db*")]


async def test_what_happens_to_a_credential_is_in_the_audit_log(owner: User) -> None:
    await accounts.keep_credential(owner, "openai", KEY, "pasted")
    await accounts.note_credential_test(owner, "openai", "own", "auth")
    await accounts.remove_credential(owner, "openai")
    rows = await reading(lambda store: [*store.exec(select(AuditEntryRow).order_by(col(AuditEntryRow.seq)))])
    assert [(row.action, row.user_id) for row in rows[-3:]] == [
        ("credential_stored", owner.id),
        ("credential_tested", owner.id),
        ("credential_removed", owner.id),
    ]
    assert '"abcd"' in rows[-1].body


async def test_the_last_use_is_written_down_at_most_once_a_minute(owner: User) -> None:
    await accounts.keep_credential(owner, "openai", KEY, "pasted")
    await accounts.note_credential_use(await only(owner))
    first = await only(owner)
    assert first.last_used_at
    await accounts.note_credential_use(first)
    assert await only(owner) == first
    old = first.model_copy(update={"last_used_at": first.last_used_at - USED_EVERY - timedelta(seconds=1)})
    await accounts.note_credential_use(old)
    last = (await only(owner)).last_used_at
    assert last
    assert last > first.last_used_at
