"""Who there is, who is an administrator, and how somebody is removed."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select

from agent import accounts
from agent.accounts import administration
from agent.accounts.people import Vouched, known
from agent.config import Settings
from agent.core.errors import Conflict, NotAllowed, NotFound
from agent.core.identity import User
from agent.store.audit import AuditEntryRow
from agent.store.columns import new_id, now
from agent.store.engine import reading, writing
from agent.store.users import DeviceCodeRow, SQLModel, UserRow

ISSUER = "https://login.example.org"
OIDC = Settings(maestro_auth="oidc", oidc_issuer=ISSUER)


async def person(name: str) -> User:
    vouched = Vouched(issuer=ISSUER, subject=name, email=f"{name}@example.org", is_verified=True)
    return await known(vouched, OIDC)


@pytest.fixture
async def ada(owner: User, monkeypatch: pytest.MonkeyPatch) -> User:
    """The administrator of a server where people sign in at an issuer."""
    del owner
    monkeypatch.setattr(administration, "settings", lambda: OIDC)
    return await person("ada")


@pytest.fixture
async def grace(ada: User) -> User:
    del ada
    return await person("grace")


async def rows(table: type[SQLModel]) -> list[SQLModel]:
    return await reading(lambda store: [*store.exec(select(table))])


async def test_an_administrator_sees_everybody_and_nobody_else_does(ada: User, grace: User) -> None:
    await accounts.sign_in(grace)
    seen = {one.id: one for one in await accounts.users(ada)}
    assert {ada.id, grace.id} <= seen.keys()
    assert seen[grace.id].last_used_at is not None
    assert seen[ada.id].last_used_at is None
    with pytest.raises(NotAllowed, match="administrators_only"):
        await accounts.users(grace)


async def test_an_administrator_makes_another(ada: User, grace: User) -> None:
    assert (await accounts.change_user(ada, grace.id, is_admin=True)).is_admin
    assert await accounts.users(grace)
    assert not (await accounts.change_user(ada, grace.id, is_admin=False)).is_admin
    entries = await reading(
        lambda store: [*store.exec(select(AuditEntryRow).order_by(col(AuditEntryRow.seq)))]
    )
    told = [entry.user_id for entry in entries if grace.id in entry.body and "is_admin" in entry.body]
    assert sorted(told) == sorted([ada.id, grace.id] * 2)


async def test_who_is_no_administrator_changes_nobody(ada: User, grace: User) -> None:
    with pytest.raises(NotAllowed, match="administrators_only"):
        await accounts.change_user(grace, grace.id, is_admin=True)
    for other in (ada.id, new_id(), "../x", ""):
        with pytest.raises(NotFound, match="user"):
            await accounts.change_user(grace, other, is_admin=True)
        with pytest.raises(NotFound, match="user"):
            await accounts.shut_out(grace, other)
        with pytest.raises(NotFound, match="user"):
            await accounts.remove_user(grace, other)


async def test_a_right_that_was_lost_a_moment_ago_counts_no_more(ada: User, grace: User) -> None:
    await accounts.change_user(ada, grace.id, is_admin=True)
    before = grace.model_copy(update={"is_admin": True})
    await accounts.change_user(ada, grace.id, is_admin=False)
    with pytest.raises(NotAllowed):
        await accounts.users(before)
    with pytest.raises(NotFound):
        await accounts.remove_user(before, ada.id)


async def test_there_is_always_an_administrator(ada: User, grace: User) -> None:
    for alone in (accounts.change_user(ada, ada.id, is_admin=False), accounts.shut_out(ada, ada.id)):
        with pytest.raises(Conflict, match="last_administrator"):
            await alone
    await accounts.change_user(ada, grace.id, is_admin=True)
    both = [accounts.change_user(one, one.id, is_admin=False) for one in (ada, grace)]
    results = await asyncio.gather(*both, return_exceptions=True)
    assert sum(isinstance(result, Conflict) for result in results) == 1
    assert sum(one.is_admin for one in await accounts.users(await still_admin())) >= 1


async def still_admin() -> User:
    wanted = select(UserRow).where(UserRow.is_admin, UserRow.provider == ISSUER)
    row = await reading(lambda store: store.exec(wanted).one())
    return User(id=row.id, email=row.email, name=row.name, provider=row.provider, is_admin=True)


async def test_who_is_alone_may_go(ada: User) -> None:
    assert await accounts.shut_out(ada, ada.id)
    await accounts.remove_user(ada, ada.id)
    assert (await person("grace")).is_admin


async def test_who_is_shut_out_has_no_way_in_any_more(ada: User, grace: User) -> None:
    cookie, token = await accounts.sign_in(grace), await accounts.issue_token(grace, "program")
    code = DeviceCodeRow(
        device_hash="d", user_hash="u", user_id=grace.id, interval=5, expires_at=now() + timedelta(minutes=5)
    )
    await writing(lambda store: store.add(code))
    await accounts.shut_out(ada, grace.id)
    for secret in (cookie, token):
        assert await accounts.whose(secret, afresh=True) is None
    assert await rows(DeviceCodeRow) == []


async def test_somebody_is_removed_with_all_that_is_theirs(ada: User, grace: User) -> None:
    await accounts.sign_in(grace)
    await accounts.shut_out(grace, grace.id)
    await accounts.remove_user(grace, grace.id)
    tables = [table for table in SQLModel.metadata.sorted_tables if "user_id" in table.columns]
    for table in tables:
        if table.name != "audit_entries":
            found = await reading(lambda store, table=table: store.connection().execute(select(table)).all())
            assert grace.id not in str(found), table.name
    assert grace.id not in {one.id for one in await accounts.users(ada)}
    assert (await person("grace")).id != grace.id


async def test_the_log_keeps_who_was_removed_without_name_and_address(ada: User, grace: User) -> None:
    await accounts.remove_user(ada, grace.id)
    entries = await reading(
        lambda store: [*store.exec(select(AuditEntryRow).order_by(col(AuditEntryRow.seq)))]
    )
    assert [entry.action for entry in entries if grace.id in entry.body] == ["user_removed"]
    assert "grace@" not in "".join(entry.body for entry in entries)


async def test_the_owner_of_local_mode_stays(owner: User) -> None:
    for verb in (accounts.shut_out, accounts.remove_user):
        with pytest.raises(Conflict, match="owner_stays"):
            await verb(owner, owner.id)


async def test_elsewhere_the_owner_of_local_mode_is_somebody_to_remove(owner: User, ada: User) -> None:
    await accounts.shut_out(ada, owner.id)
    await accounts.remove_user(ada, owner.id)
    assert [one.id for one in await accounts.users(ada)] == [ada.id]
