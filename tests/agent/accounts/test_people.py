"""People, as an issuer vouches for them."""

import asyncio
import json

import pytest
from sqlmodel import col, select

from agent.accounts.people import Vouched, known
from agent.config import Settings
from agent.core.errors import Conflict, Invalid, NotAllowed
from agent.core.identity import User
from agent.store.audit import AuditEntryRow
from agent.store.engine import reading
from agent.store.users import UserRow
from tests.agent.sessions.talk import sqlite_only

ISSUER = "https://login.example.org"
ADA = Vouched(issuer=ISSUER, subject="1", email="Ada@Example.org", is_verified=True, name="Ada Lovelace")
GRACE = Vouched(issuer=ISSUER, subject="2", email="grace@example.org", is_verified=True)


def allowing(**settings: str) -> Settings:
    return Settings.model_validate({"maestro_auth": "oidc", **settings})


async def people() -> list[UserRow]:
    return await reading(lambda store: [*store.exec(select(UserRow).where(UserRow.provider != "local"))])


async def told_of(action: str) -> list[dict[str, object]]:
    mine = [row.id for row in await people()]
    wanted = select(AuditEntryRow.body).where(AuditEntryRow.action == action)
    wanted = wanted.where(col(AuditEntryRow.user_id).in_(mine))  # the log outlives the tests before
    return await reading(lambda store: [json.loads(body) for body in store.exec(wanted)])


@pytest.mark.usefixtures("owner")
async def test_the_first_of_an_issuer_is_administrator_and_the_next_is_not() -> None:
    ada, grace = await known(ADA, allowing()), await known(GRACE, allowing())
    assert (ada.is_admin, grace.is_admin) == (True, False)
    assert (ada.email, ada.name, ada.provider) == ("ada@example.org", "Ada Lovelace", ISSUER)
    assert grace.name == "grace"
    assert [entry["is_admin"] for entry in await told_of("user_added")] == [True, False]


@pytest.mark.usefixtures("owner")
async def test_of_two_who_come_at_once_one_is_administrator() -> None:
    came = await asyncio.gather(*(known(one, allowing()) for one in (ADA, GRACE, ADA, GRACE)))
    assert len({user.id for user in came}) == 2
    assert sum(row.is_admin for row in await people()) == 1


@pytest.mark.usefixtures("owner")
async def test_name_and_address_follow_the_issuer() -> None:
    before = await known(ADA, allowing())
    changed = {"email": "countess@example.org", "name": "Ada\u202e\n King"}
    after = await known(ADA.model_copy(update=changed), allowing())
    assert (after.id, after.email, after.name) == (before.id, "countess@example.org", "Ada King")


@pytest.mark.usefixtures("owner")
async def test_two_identities_with_one_address_are_never_taken_for_one() -> None:
    await known(ADA, allowing())
    with pytest.raises(Conflict, match="email_taken"):
        await known(GRACE.model_copy(update={"email": "ADA@example.org"}), allowing())
    other = ADA.model_copy(update={"issuer": "https://accounts.google.com"})
    with pytest.raises(Conflict, match="email_taken"):
        await known(other, allowing())
    assert len(await people()) == 1


@pytest.mark.usefixtures("owner")
async def test_the_same_number_at_another_issuer_is_another_person() -> None:
    ada = await known(ADA, allowing())
    other = ADA.model_copy(update={"issuer": "https://accounts.google.com", "email": "b@example.org"})
    assert (await known(other, allowing())).id != ada.id


@pytest.mark.usefixtures("owner")
async def test_listed_people_are_administrators_and_the_first_is_not() -> None:
    listed = allowing(maestro_admins="grace@example.org, Boss@example.org")
    ada, grace = await known(ADA, listed), await known(GRACE, listed)
    assert (ada.is_admin, grace.is_admin) == (False, True)


@pytest.mark.usefixtures("owner")
async def test_who_is_listed_later_is_administrator_from_the_next_sign_in_on() -> None:
    await known(ADA, allowing())
    assert not (await known(GRACE, allowing())).is_admin
    assert (await known(GRACE, allowing(maestro_admins="grace@example.org"))).is_admin
    [entry] = await told_of("administrator_changed")
    assert entry["by"] == "MAESTRO_ADMINS"


@pytest.mark.usefixtures("owner")
async def test_an_address_that_nobody_verified_makes_no_administrator() -> None:
    claimed = GRACE.model_copy(update={"is_verified": False})
    assert not (await known(claimed, allowing(maestro_admins="grace@example.org"))).is_admin


@sqlite_only
@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(
    ("email", "is_verified"),
    [
        ("ada@example.org", False),
        ("ada@example.com", True),
        ("ada@sub.example.org", True),
        ("ada@evilexample.org", True),
        ("ada@example.org.evil", True),
        ("ada@\u212aelvin.org", True),
    ],
)
async def test_other_domains_may_not_sign_in(email: str, is_verified: object) -> None:
    one = ADA.model_copy(update={"email": email, "is_verified": is_verified})
    with pytest.raises(NotAllowed, match="login_domain"):
        await known(one, allowing(maestro_allowed_domains="example.org kelvin.org"))
    assert await people() == []


@pytest.mark.usefixtures("owner")
async def test_an_allowed_domain_may_sign_in_however_it_is_written() -> None:
    assert await known(ADA, allowing(maestro_allowed_domains="other.org, EXAMPLE.org"))


@sqlite_only
@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(
    "email", ["", "ada", "@", "ada@", "a@b@example.org", "a b@c", "a\0@b", "x" * 400 + "@b"]
)
async def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(Invalid, match="login_email_missing"):
        await known(ADA.model_copy(update={"email": email}), allowing())


async def test_the_owner_of_local_mode_is_nobody_of_an_issuer(owner: User) -> None:
    assert (await known(ADA, allowing())).is_admin
    assert owner.provider == "local"
