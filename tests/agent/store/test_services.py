import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import delete, select

from agent.core.identity import User
from agent.store.engine import reading, writing
from agent.store.services import OpenapiServiceRow
from agent.store.users import UserRow


def made(user: User, name: str) -> OpenapiServiceRow:
    return OpenapiServiceRow(
        user_id=user.id,
        name=name,
        description="{}",
        digest="",
        outline={"a": 1},
        server="https://example.org",
    )


async def test_a_service_is_kept(owner: User) -> None:
    await writing(lambda store: store.add(made(owner, "shop")))
    row = await reading(lambda store: store.exec(select(OpenapiServiceRow)).one())
    assert (row.outline, row.credentials, row.is_enabled, row.created_at.tzinfo is not None) == (
        {"a": 1},
        None,
        True,
        True,
    )


async def test_a_person_has_a_name_once_and_others_may_have_it(owner: User, other: User) -> None:
    await writing(lambda store: store.add_all([made(owner, "shop"), made(other, "shop")]))
    with pytest.raises(IntegrityError):
        await writing(lambda store: store.add(made(owner, "shop")))


async def test_services_go_with_their_person(other: User) -> None:
    await writing(lambda store: store.add(made(other, "shop")))
    await writing(lambda store: store.exec(delete(UserRow).where(UserRow.id == other.id)))  # pyright: ignore[reportArgumentType]
    assert await reading(lambda store: store.exec(select(OpenapiServiceRow)).all()) == []
