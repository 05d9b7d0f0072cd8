"""Administration: who there is, who is an administrator, and how somebody is removed."""

from datetime import datetime

from sqlmodel import Session as Store
from sqlmodel import col, delete, func, select
from sqlmodel.sql.expression import SelectOfScalar

from agent.accounts.people import LOCAL, one_at_a_time, shown, vouching
from agent.config import settings
from agent.core.errors import Conflict, NotAllowed, NotFound
from agent.core.identity import User
from agent.core.messages import Value
from agent.store import audit
from agent.store.audit import Entry
from agent.store.columns import is_id
from agent.store.engine import reading, writing
from agent.store.users import ApiTokenRow, DeviceCodeRow, LoginSessionRow, UserRow


class Person(Value):
    """Somebody as administrators see them."""

    id: str
    email: str
    name: str
    provider: str
    """Who vouches for them."""
    is_admin: bool
    created_at: datetime
    last_used_at: datetime | None
    """When they were last here in a browser."""


async def users(user: User) -> list[Person]:
    """Everybody who ever signed in, the newest first.

    Raises:
        NotAllowed: for administrators alone.
    """

    def work(store: Store) -> list[Person]:
        _require_admin(store, user)
        seen = func.max(func.coalesce(LoginSessionRow.last_used_at, LoginSessionRow.created_at))
        last = select(LoginSessionRow.user_id, seen.label("at")).group_by(col(LoginSessionRow.user_id))
        used = last.subquery()
        wanted = (
            select(UserRow, used.c.at)
            .join(used, used.c.user_id == col(UserRow.id), isouter=True)
            .order_by(col(UserRow.created_at).desc())
        )
        return [_person(row, at) for row, at in store.exec(wanted)]

    return await reading(work)


async def change_user(user: User, user_id: str, *, is_admin: bool) -> Person:
    """Make somebody an administrator, or no longer.

    Raises:
        NotFound: there is nobody of this id, or the asking user may not know.
        NotAllowed: for administrators alone.
        Conflict: there would be no administrator any more.
    """

    def work(store: Store) -> Person:
        one_at_a_time(store)
        row = _asked_for(store, user, user_id)
        _require_admin(store, user)
        if row.is_admin and not is_admin:
            _require_another_admin(store, row)
        if row.is_admin != is_admin:
            row.is_admin = is_admin
            store.add(row)
            body = {"person": row.id, "is_admin": is_admin, "by": user.id}
            for reader in {user.id, row.id}:
                audit.append(store, Entry(action="administrator_changed", user_id=reader, body=body))
        return _person(row, None)

    return await writing(work)


async def shut_out(user: User, user_id: str) -> User:
    """End every way in of somebody who is to be removed, at once: sign-ins, tokens, devices on the way.

    Raises:
        NotFound: there is nobody of this id, or the asking user may not know.
        Conflict: they are the only administrator of others, or the owner of a server in local mode.
    """

    def work(store: Store) -> User:
        one_at_a_time(store)
        row = _asked_for(store, user, user_id)
        _require_leaving(row)
        if row.is_admin and store.exec(_others_than(row)).first():
            _require_another_admin(store, row)
        for table in (LoginSessionRow, ApiTokenRow, DeviceCodeRow):
            store.exec(delete(table).where(col(table.user_id) == row.id))
        return shown(row)

    return await writing(work)


async def remove_user(user: User, user_id: str) -> None:
    """Remove somebody with all that is theirs; their sessions have been stopped before.

    The audit log keeps their id, and neither name nor address.

    Raises:
        NotFound: there is nobody of this id, or the asking user may not know.
        Conflict: it is the owner of a server in local mode.
    """

    def work(store: Store) -> None:
        one_at_a_time(store)
        row = _asked_for(store, user, user_id)
        _require_leaving(row)
        store.exec(delete(UserRow).where(col(UserRow.id) == row.id))
        audit.append(store, Entry(action="user_removed", user_id=user.id, body={"person": row.id}))

    await writing(work)


def _asked_for(store: Store, user: User, user_id: str) -> UserRow:
    """Somebody the asking user may know of: themselves, and everybody for an administrator."""
    sees_all = _is_admin(store, user)  # asked in any case: how long it takes must not tell who exists
    row = store.get(UserRow, user_id) if is_id(user_id) else None
    if row is None or (row.id != user.id and not sees_all):
        raise NotFound("user")
    return row


def _is_admin(store: Store, user: User) -> bool:
    return bool(store.exec(select(UserRow.is_admin).where(col(UserRow.id) == user.id)).first())


def _require_admin(store: Store, user: User) -> None:
    # What the user value says may be a second old.
    if not _is_admin(store, user):
        raise NotAllowed("administrators_only")


def _require_another_admin(store: Store, row: UserRow) -> None:
    if store.exec(_others_than(row).where(col(UserRow.is_admin))).first() is None:
        raise Conflict("last_administrator")


def _others_than(row: UserRow) -> SelectOfScalar[str]:
    """Everybody else who can come in, as the server is set."""
    found = settings()
    others = select(UserRow.id).where(col(UserRow.id) != row.id)
    if found.maestro_auth == LOCAL:
        return others
    return others.where(UserRow.provider == vouching(found.oidc_issuer))


def _require_leaving(row: UserRow) -> None:
    if row.provider == settings().maestro_auth == LOCAL:
        raise Conflict("owner_stays")


def _person(row: UserRow, last_used_at: datetime | None) -> Person:
    said = row.model_dump(include=set(Person.model_fields))
    return Person.model_validate({**said, "last_used_at": last_used_at})
