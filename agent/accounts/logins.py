"""Where people are signed in: one row for each browser, ended by its person at any time."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session as Store
from sqlmodel import col, delete, select

from agent.accounts.people import line
from agent.accounts.tokens import hashed, new_token
from agent.core.errors import NotFound
from agent.core.identity import User
from agent.core.messages import Value
from agent.store import audit
from agent.store.audit import Entry
from agent.store.columns import is_id, now
from agent.store.engine import reading, writing
from agent.store.users import LoginSessionRow

SIGNED_IN_FOR = timedelta(days=30)
MOST_AT_ONCE = 100
"""Of one person; a further one takes the place of the one that was used longest ago."""
BROWSER_LENGTH = 200


class SignIn(Value):
    """A browser in which somebody is signed in."""

    id: str
    browser: str
    """What it says it is."""
    place: str
    """The address it signed in from."""
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime


async def sign_in(user: User, browser: str = "", place: str = "") -> str:
    """Sign a browser in; the answer is the cookie's value, which is not stored.

    Args:
        user: as whom.
        browser: what it says it is.
        place: the address it asks from.
    """
    token = new_token("mss")
    row = LoginSessionRow(
        user_id=user.id,
        token_hash=hashed(token),
        browser=line(browser, BROWSER_LENGTH),
        place=place,
        expires_at=now() + SIGNED_IN_FOR,
    )

    def work(store: Store) -> None:
        _clear(store, user)
        store.add(row)
        said = {"sign_in": row.id, "browser": row.browser, "place": place}
        audit.append(store, Entry(action="signed_in", user_id=user.id, body=said))

    await writing(work)
    return token


async def signed_in(user: User) -> list[SignIn]:
    """Where a person is signed in, the newest first."""
    wanted = select(LoginSessionRow).where(_are(user), col(LoginSessionRow.expires_at) > now())
    newest = wanted.order_by(col(LoginSessionRow.created_at).desc())
    return await reading(lambda store: [_shown(row) for row in store.exec(newest)])


async def sign_out(token: str) -> str | None:
    """End the sign-in of a cookie; gives its hash, or None when it was over already."""
    key = hashed(token)

    def work(store: Store) -> str | None:
        row = store.exec(select(LoginSessionRow).where(LoginSessionRow.token_hash == key)).first()
        if row is None:
            return None
        if row.user_id is None:
            # What a guest has used up of what a place may use must outlast their cookie.
            row.expires_at = now()
            return key
        store.delete(row)
        audit.append(store, Entry(action="signed_out", user_id=row.user_id, body={"sign_in": row.id}))
        return key

    return await writing(work)


async def end_sign_in(user: User, sign_in_id: str) -> str:
    """End one sign-in of a person, in whatever browser; gives the hash of its cookie.

    Raises:
        NotFound: there is none, or it is another's.
    """

    def work(store: Store) -> str:
        ended = delete(LoginSessionRow).where(_are(user), col(LoginSessionRow.id) == sign_in_id)
        key = store.scalars(ended.returning(col(LoginSessionRow.token_hash))).first()
        if key is None:
            raise NotFound("login")
        audit.append(store, Entry(action="sign_in_ended", user_id=user.id, body={"sign_in": sign_in_id}))
        return key

    if not is_id(sign_in_id):
        raise NotFound("login")
    return await writing(work)


async def sign_out_everywhere(user: User) -> list[str]:
    """End every sign-in of a person; gives the hashes of their cookies."""

    def work(store: Store) -> list[str]:
        ended = delete(LoginSessionRow).where(_are(user)).returning(col(LoginSessionRow.token_hash))
        keys = [*store.scalars(ended)]
        audit.append(store, Entry(action="signed_out", user_id=user.id, body={"sign_ins": len(keys)}))
        return keys

    return await writing(work)


def _are(user: User) -> ColumnElement[bool]:
    return col(LoginSessionRow.user_id) == user.id


def _clear(store: Store, user: User) -> None:
    """Remove the sign-ins that have ended, and those of a person that are too many."""
    used = col(LoginSessionRow.last_used_at).desc().nulls_last(), col(LoginSessionRow.created_at).desc()
    kept = select(LoginSessionRow.id).where(_are(user)).order_by(*used)
    too_many = [*store.exec(kept.offset(MOST_AT_ONCE - 1))]
    ended = col(LoginSessionRow.expires_at) < now()
    is_persons = col(LoginSessionRow.user_id).is_not(None)
    store.exec(delete(LoginSessionRow).where(ended, is_persons))
    store.exec(delete(LoginSessionRow).where(col(LoginSessionRow.id).in_(too_many)))


def _shown(row: LoginSessionRow) -> SignIn:
    return SignIn.model_validate(row.model_dump(include=set(SignIn.model_fields)))
