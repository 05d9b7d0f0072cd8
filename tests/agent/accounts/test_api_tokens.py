"""Tokens of a person: shown once, kept as a hash, never worth more than what made them."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import col, select

from agent import accounts
from agent.accounts import api_tokens, tokens
from agent.accounts.api_tokens import MOST_TOKENS, NewToken
from agent.core.errors import LimitReached, NotAllowed, NotFound, NotSignedIn
from agent.core.guests import guest
from agent.core.identity import SCOPES, Principal, Scope, User
from agent.store.audit import AuditEntryRow
from agent.store.columns import new_id, now
from agent.store.engine import reading
from agent.store.users import ApiTokenRow

EVERYTHING = NewToken(name="everything", scopes=SCOPES, expires_in_days=None)


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "FRESH_FOR", 0.0)


def cookie(user: User) -> Principal:
    return Principal(user=user, way="cookie", id=new_id())


async def made_by(user: User, new: NewToken, by: Principal | None = None) -> Principal:
    """Who speaks with a new token."""
    issued = await accounts.make_token(user, new, by or cookie(user))
    principal = await accounts.identify(issued.token.get_secret_value())
    assert principal
    return principal


async def test_a_token_is_shown_once_and_known_again_by_its_beginning(other: User) -> None:
    issued = await accounts.make_token(other, NewToken(name="laptop"), cookie(other))
    token = issued.token.get_secret_value()
    assert token.startswith("mst_")
    assert len(token) == 47
    assert token not in repr(issued) + issued.model_dump_json()
    [listed] = await accounts.issued_tokens(other)
    assert listed.model_dump() == issued.model_dump(exclude={"token"})
    assert (listed.hint, listed.source, listed.scopes) == (token[:8], "person", api_tokens.FOR_SESSIONS)
    mine = select(ApiTokenRow).where(ApiTokenRow.user_id == other.id)
    row = await reading(lambda store: store.exec(mine).one())
    assert row.token_hash == tokens.hashed(token)
    assert token not in row.model_dump_json()


async def test_a_token_holds_for_its_scopes_until_its_end(
    other: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = NewToken(name="reader", scopes=("settings:read", "sessions:read"), expires_in_days=1)
    issued = await accounts.make_token(other, new, cookie(other))
    principal = await accounts.identify(issued.token.get_secret_value())
    assert principal == Principal(
        user=other, way="token", id=issued.id, scopes=("sessions:read", "settings:read")
    )
    monkeypatch.setattr(accounts, "now", lambda: now() + timedelta(days=1, seconds=1))
    assert await accounts.identify(issued.token.get_secret_value()) is None


async def test_a_revoked_token_is_nobodys_at_once(other: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "FRESH_FOR", 60.0)  # even where answers are remembered
    issued = await accounts.make_token(other, NewToken(name="lost"), cookie(other))
    assert await accounts.whose(issued.token.get_secret_value()) == other
    await accounts.revoke_token(other, issued.id)
    assert await accounts.whose(issued.token.get_secret_value()) is None
    assert await accounts.issued_tokens(other) == []


async def test_whoever_has_a_token_can_give_it_back(other: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "FRESH_FOR", 60.0)
    first, second = [await accounts.issue_token(other, "mine") for _ in range(2)]
    cookie = await accounts.sign_in(other)
    for token in (first, first, second[:-1], cookie, "", "mst_"):
        await accounts.give_back_token(token)
    assert await accounts.whose(first) is None
    assert await accounts.whose(second) == other
    assert await accounts.whose(cookie) == other


async def test_what_happens_to_tokens_is_written_down(other: User) -> None:
    issued = await accounts.make_token(other, NewToken(name="laptop"), cookie(other))
    await accounts.revoke_token(other, issued.id)
    entries = await reading(
        lambda store: list(store.exec(select(AuditEntryRow).order_by(col(AuditEntryRow.seq))))
    )
    mine = [entry for entry in entries if entry.user_id == other.id][-2:]
    assert [entry.action for entry in mine] == ["token_made", "token_revoked"]
    assert all(issued.id in entry.body and issued.hint in entry.body for entry in mine)
    assert not any(issued.token.get_secret_value() in entry.body for entry in entries)


@pytest.mark.parametrize(
    ("own", "wanted"),
    [
        (("settings:write",), ("sessions:read",)),
        (("sessions:read", "settings:write"), ("sessions:read", "sessions:write")),
        (("settings:write",), SCOPES),
    ],
)
async def test_a_token_makes_none_that_may_do_more(
    other: User, own: tuple[Scope, ...], wanted: tuple[Scope, ...]
) -> None:
    token = await made_by(other, NewToken(name="narrow", scopes=own))
    with pytest.raises(NotAllowed, match="token_beyond"):
        await accounts.make_token(other, NewToken(name="wide", scopes=wanted), token)
    assert len(await accounts.issued_tokens(other)) == 1


async def test_a_token_makes_none_that_outlives_it(other: User) -> None:
    token = await made_by(other, EVERYTHING.model_copy(update={"expires_in_days": 30}))
    for days in (None, 31, 365):
        with pytest.raises(NotAllowed, match="token_beyond"):
            await made_by(other, EVERYTHING.model_copy(update={"expires_in_days": days}), token)
    shorter = await made_by(other, EVERYTHING.model_copy(update={"expires_in_days": 29}), token)
    assert shorter.scopes == SCOPES
    endless = await made_by(other, EVERYTHING)
    assert await made_by(other, EVERYTHING, endless)


async def test_a_token_that_was_just_revoked_makes_none(other: User) -> None:
    token = await made_by(other, EVERYTHING)
    await accounts.revoke_token(other, token.id)
    with pytest.raises(NotSignedIn):
        await made_by(other, EVERYTHING, token)


async def test_the_fifty_first_token_is_refused_and_ended_ones_do_not_count(
    other: User, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(MOST_TOKENS):
        await accounts.make_token(other, NewToken(name=f"t{number}", expires_in_days=1), cookie(other))
    with pytest.raises(LimitReached, match="tokens_full"):
        await accounts.make_token(other, NewToken(name="one more"), cookie(other))
    assert await accounts.make_token(owner, NewToken(name="theirs"), cookie(owner))
    monkeypatch.setattr(api_tokens, "now", lambda: now() + timedelta(days=2))
    await accounts.make_token(other, NewToken(name="one more"), cookie(other))
    assert [token.name for token in await accounts.issued_tokens(other)] == ["one more"]


async def test_nobody_sees_or_revokes_anothers_token(owner: User, other: User) -> None:
    issued = await accounts.make_token(owner, NewToken(name="mine"), cookie(owner))
    assert await accounts.issued_tokens(other) == []
    for token_id in (issued.id, issued.id.upper(), issued.hint, "", "\0", "x" * 36, "%"):
        with pytest.raises(NotFound, match="api_token"):
            await accounts.revoke_token(other, token_id)
    assert await accounts.whose(issued.token.get_secret_value()) == owner


async def test_a_guest_has_no_tokens(other: User) -> None:
    nobody = guest(new_id())
    with pytest.raises(NotAllowed, match="guest"):
        await accounts.make_token(nobody, NewToken(name="mine"), cookie(nobody))
    with pytest.raises(NotAllowed, match="guest"):
        await accounts.issued_tokens(nobody)
    assert await accounts.issued_tokens(other) == []


async def test_the_servers_own_token_says_so(owner: User) -> None:
    token = await accounts.issue_token(owner, "of the server")
    listed, *_ = await accounts.issued_tokens(owner)
    assert (listed.name, listed.source, listed.hint) == ("of the server", "server", token[:8])
    assert (listed.scopes, listed.expires_at) == (SCOPES, None)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": ""},
        {"name": "  "},
        {"name": "two\nlines"},
        {"name": "x" * 101},
        {"name": "\0"},
        {"name": "half \ud800"},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["admin"]},
        {"name": "x", "scopes": "sessions:read"},
        {"name": "x", "expires_in_days": 0},
        {"name": "x", "expires_in_days": 366},
        {"name": "x", "expires_in_days": True},
        {"name": "x", "expires_in_days": "7"},
        {"name": "x", "expires_in_days": 10**400},
        {"name": "x", "user_id": "someone"},
    ],
    ids=str,
)
def test_a_token_that_makes_no_sense_cannot_be_asked_for(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NewToken.model_validate(fields)
