"""Users, and how a browser or a program proves whom it speaks for."""

import asyncio
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session as Store
from sqlmodel import col, delete, or_, select

from agent.accounts import secret_files
from agent.accounts.tokens import Remembered, hashed, new_token
from agent.core.identity import ANONYMOUS, SCOPES, Principal, Scope, User
from agent.store.columns import now
from agent.store.engine import reading, writing
from agent.store.users import ApiTokenRow, LoginSessionRow, UserRow

SIGNED_IN_FOR = timedelta(days=30)

_known = Remembered[Principal]()


async def local_owner() -> User:
    """The one owner of a server in local mode; made on the first call."""

    def work(store: Store) -> User:
        row = store.exec(select(UserRow).where(UserRow.provider == "local")).first()
        if row is None:
            row = UserRow(
                email="owner@localhost", name="You", provider="local", provider_uid="owner", is_admin=True
            )
            store.add(row)
        return _user(row)

    try:
        return await writing(work)
    except IntegrityError:
        return await writing(work)  # another process made the owner at the same moment


async def sign_in(user: User) -> str:
    """Sign a browser in; the answer is the cookie's value, which is not stored."""
    token = new_token("mss")
    row = LoginSessionRow(user_id=user.id, token_hash=hashed(token), expires_at=now() + SIGNED_IN_FOR)

    def work(store: Store) -> None:
        store.exec(delete(LoginSessionRow).where(col(LoginSessionRow.expires_at) < now()))
        store.add(row)

    await writing(work)
    return token


async def issue_token(user: User, name: str, scopes: tuple[Scope, ...] = SCOPES) -> str:
    """Give a program a token to speak for the user; the answer is the only time it is seen."""
    token = new_token("mst")
    row = ApiTokenRow(user_id=user.id, name=name, token_hash=hashed(token), scopes=list(scopes))
    await writing(lambda store: store.add(row))
    return token


async def whose(token: str, *, afresh: bool = False) -> User | None:
    """The user a cookie or an API token speaks for; None when it speaks for nobody (any more).

    Args:
        token: the cookie's value or the API token.
        afresh: ask the database, whatever is remembered.
    """
    principal = await identify(token, afresh=afresh)
    return principal and principal.user


async def identify(token: str, *, afresh: bool = False) -> Principal | None:
    """Who asks with a cookie or an API token, and what it may be used for; None when nobody (any more).

    Args:
        token: the cookie's value or the API token.
        afresh: ask the database, whatever is remembered.
    """
    key = hashed(token)
    if not afresh and (known := _known.get(key)):
        return known
    principal = await reading(lambda store: _signed_in(store, key) or _issued(store, key))
    if principal is None:
        _known.forget(key)
        return None
    return _known.put(key, principal)


def _signed_in(store: Store, key: str) -> Principal | None:
    wanted = (
        select(LoginSessionRow, UserRow)
        .join(UserRow, col(UserRow.id) == LoginSessionRow.user_id, isouter=True)
        .where(LoginSessionRow.token_hash == key, col(LoginSessionRow.expires_at) > now())
    )
    found = store.exec(wanted).first()
    if found is None:
        return None
    row, person = found
    user = _user(person) if person else _guest(row.anonymous_session_id or "")
    return Principal(user=user, way="cookie", id=row.id)


def _issued(store: Store, key: str) -> Principal | None:
    lasts = or_(col(ApiTokenRow.expires_at).is_(None), col(ApiTokenRow.expires_at) > now())
    wanted = (
        select(ApiTokenRow, UserRow)
        .join(UserRow, col(UserRow.id) == ApiTokenRow.user_id)
        .where(ApiTokenRow.token_hash == key, lasts)
    )
    found = store.exec(wanted).first()
    if found is None:
        return None
    row, person = found
    return Principal.model_validate(
        {"user": _user(person), "way": "token", "id": row.id, "scopes": row.scopes}
    )


async def owners_token(user: User, file: Path) -> None:
    """Make sure the owner's API token lies in a file only the owner can read."""
    kept = await asyncio.to_thread(secret_files.read, file)
    if not kept or await whose(kept) is None:
        await asyncio.to_thread(secret_files.write, file, await issue_token(user, "local owner"))


def _user(row: UserRow) -> User:
    return User(id=row.id, email=row.email, name=row.name, provider=row.provider, is_admin=row.is_admin)


def _guest(anonymous_session_id: str) -> User:
    return User(id=anonymous_session_id, email="", name="Guest", provider=ANONYMOUS)
