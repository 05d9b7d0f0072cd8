"""The front door."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, delete, select

from agent import accounts
from agent.accounts import logins, tokens
from agent.core.identity import User
from agent.store.engine import reading, writing
from agent.store.users import ApiTokenRow, LoginSessionRow


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "FRESH_FOR", 0.0)


async def test_there_is_one_owner(owner: User) -> None:
    assert await accounts.local_owner() == owner
    assert (owner.provider, owner.is_admin) == ("local", True)


async def test_a_cookie_and_a_token_speak_for_their_user(owner: User, other: User) -> None:
    assert await accounts.whose(await accounts.sign_in(owner)) == owner
    assert await accounts.whose(await accounts.issue_token(other, "mine")) == other


@pytest.mark.usefixtures("owner")
async def test_what_is_no_token_speaks_for_nobody() -> None:
    for token in ("", "mst_", "mss_x", "' OR 1=1 --", "\0", "é" * 5000):
        assert await accounts.whose(token) is None


async def test_only_hashes_are_stored(owner: User) -> None:
    cookie, token = await accounts.sign_in(owner), await accounts.issue_token(owner, "mine")
    kept = await reading(
        lambda store: {
            *store.exec(select(LoginSessionRow.token_hash)),
            *store.exec(select(ApiTokenRow.token_hash)),
        }
    )
    assert {tokens.hashed(cookie), tokens.hashed(token)} <= kept
    assert not {cookie, token} & kept


async def test_a_revoked_token_speaks_for_nobody(owner: User) -> None:
    token = await accounts.issue_token(owner, "mine")
    mine = col(ApiTokenRow.token_hash) == tokens.hashed(token)
    await writing(lambda store: store.exec(delete(ApiTokenRow).where(mine)))
    assert await accounts.whose(token) is None


async def test_a_cookie_expires_and_is_cleared_away(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "SIGNED_IN_FOR", timedelta(seconds=-1))
    old = await accounts.sign_in(owner)
    assert await accounts.whose(old) is None
    monkeypatch.undo()
    await accounts.sign_in(owner)
    hashes = await reading(lambda store: list(store.exec(select(LoginSessionRow.token_hash))))
    assert tokens.hashed(old) not in hashes
    assert len(hashes) == 1


async def test_the_owners_token_lies_in_a_private_file_and_stays(owner: User, tmp_path: Path) -> None:
    file = tmp_path / "new" / "api-token"
    await accounts.owners_token(owner, file)
    token = file.read_text().strip()
    assert file.stat().st_mode & 0o777 == 0o600
    assert await accounts.whose(token) == owner
    await accounts.owners_token(owner, file)
    assert file.read_text().strip() == token


async def test_a_token_others_could_read_is_made_anew(owner: User, tmp_path: Path) -> None:
    file = tmp_path / "api-token"
    await accounts.owners_token(owner, file)
    before = file.read_text()
    file.chmod(0o644)
    await accounts.owners_token(owner, file)
    assert file.read_text() != before
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_token_of_another_database_is_made_anew(owner: User, tmp_path: Path) -> None:
    (tmp_path / "api-token").touch(0o600)
    (tmp_path / "api-token").write_text("mst_of_another")
    await accounts.owners_token(owner, tmp_path / "api-token")
    assert await accounts.whose((tmp_path / "api-token").read_text().strip()) == owner
