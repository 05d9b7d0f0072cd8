"""API tokens of a person: made, listed, revoked. A token is seen once; what is kept of it is a hash."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from sqlmodel import Session as Store
from sqlmodel import col, delete, func, or_, select

from agent.accounts.tokens import hashed, new_token
from agent.core.errors import LimitReached, NotAllowed, NotFound, NotSignedIn
from agent.core.identity import SCOPES, Principal, Scope, User
from agent.core.messages import Value
from agent.store import audit
from agent.store.audit import Action, Entry
from agent.store.columns import is_id, now
from agent.store.engine import reading, writing
from agent.store.users import ApiTokenRow, UserRow

MOST_TOKENS = 50
"""Of one person, those that have ended not counted."""
HINT = 8
"""Letters a token is known again by: its prefix and four more."""
FOR_SESSIONS: tuple[Scope, ...] = ("sessions:read", "sessions:write")
"""What a token may be used for, unless more is asked for."""
TOKEN = re.compile(r"mst_[\w-]{43}", re.ASCII)
PLAIN = r"^[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"

Source = Literal["person", "device", "server"]
"""Who made a token: a person, the device login, or the server for its owner."""


class NewToken(Value):
    """A token to be made."""

    name: Annotated[str, Field(max_length=100, pattern=PLAIN)]
    """What it is for, in the person's words."""
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(SCOPES))] = FOR_SESSIONS
    expires_in_days: Annotated[int, Field(ge=1, le=365, strict=True)] | None = 90
    """None for a token that holds until it is revoked."""


class ApiToken(Value):
    """A token as its owner sees it."""

    id: str
    name: str
    hint: str
    """How it begins."""
    source: Source
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    """To the minute."""


class Issued(ApiToken):
    """A token that was just made; nobody sees it again."""

    token: SecretStr


async def issued(user: User) -> list[ApiToken]:
    """The tokens of a person, the newest first; those too that have ended."""
    mine = select(ApiTokenRow).where(ApiTokenRow.user_id == user.id).order_by(col(ApiTokenRow.id).desc())
    return await reading(lambda store: [_shown(row) for row in store.exec(mine)])


async def make(user: User, new: NewToken, by: Principal) -> Issued:
    """Make a token; that is written down in the audit log.

    Args:
        user: whom it will speak for.
        new: what it is for.
        by: who asks and with what; a token makes none that may do more than itself, or that outlives it.

    Raises:
        NotSignedIn: the asking token was just revoked.
        NotAllowed: the asking token may not do so much, or not for so long.
        LimitReached: there are too many.
    """
    lasts = None if new.expires_in_days is None else timedelta(days=new.expires_in_days)

    def work(store: Store) -> Issued:
        _require_within(store, new, by, lasts)
        require_room(store, user.id)
        made = issue_in(store, user.id, new.name, new.scopes, "person", lasts)
        write_down(store, "token_made", user.id, made)
        return made

    return await writing(work)


async def issue(user: User, name: str, scopes: tuple[Scope, ...]) -> str:
    """Make a token in the server's own name; the answer is the only time it is seen."""
    made = await writing(lambda store: issue_in(store, user.id, name, scopes, "server"))
    return made.token.get_secret_value()


async def revoke(user: User, token_id: str) -> str:
    """Take a token's right away; gives its hash. That is written down in the audit log.

    Raises:
        NotFound: this person has no such token.
    """

    def work(store: Store) -> str:
        row = store.get(ApiTokenRow, token_id, with_for_update=True) if is_id(token_id) else None
        if row is None or row.user_id != user.id:
            raise NotFound("api_token")
        store.delete(row)
        write_down(store, "token_revoked", user.id, _shown(row))
        return row.token_hash

    return await writing(work)


async def give_back(token: str) -> str:
    """Take the right of a token away that whoever has it needs no longer; gives its hash, if it had any."""
    key = hashed(token) if TOKEN.fullmatch(token) else ""

    def work(store: Store) -> str:
        row = store.exec(select(ApiTokenRow).where(ApiTokenRow.token_hash == key).with_for_update()).first()
        if row is None:
            return ""
        store.delete(row)
        write_down(store, "token_revoked", row.user_id, _shown(row))
        return key

    return await writing(work) if key else ""


def issue_in(
    store: Store,
    user_id: str,
    name: str,
    scopes: Iterable[Scope],
    source: Source,
    lasts: timedelta | None = None,
) -> Issued:
    """Make a token within a transaction."""
    token = new_token("mst")
    row = ApiTokenRow(
        user_id=user_id,
        name=name,
        token_hash=hashed(token),
        hint=token[:HINT],
        source=source,
        scopes=[*in_order(scopes)],
        expires_at=None if lasts is None else now() + lasts,
    )
    store.add(row)
    return Issued(**dict(_shown(row)), token=SecretStr(token))


def write_down(store: Store, action: Action, user_id: str, token: ApiToken) -> None:
    """Note in the audit log what happened to a token, as the last thing a transaction does."""
    body = token.model_dump(mode="json", include={"id", "name", "hint", "source", "scopes", "expires_at"})
    audit.append(store, Entry(action=action, user_id=user_id, body=body))


def require_room(store: Store, user_id: str) -> None:
    """Make sure that a person may have one more token, and clear away those that have ended.

    Raises:
        LimitReached: there are too many.
    """
    # Whoever asks at the same moment waits here, or both would find the last place free.
    theirs = select(UserRow.id).where(UserRow.id == user_id)
    store.exec(theirs.with_for_update(key_share=True)).first()
    mine = col(ApiTokenRow.user_id) == user_id
    store.exec(delete(ApiTokenRow).where(mine, col(ApiTokenRow.expires_at) < now()))
    if store.exec(select(func.count()).where(mine)).one() >= MOST_TOKENS:
        raise LimitReached("tokens_full", most=MOST_TOKENS)


def in_order(scopes: Iterable[Scope]) -> list[Scope]:
    """Scopes in the order we list them, each once.

    >>> in_order(["settings:read", "sessions:read", "settings:read"])
    ['sessions:read', 'settings:read']
    """
    wanted = set(scopes)
    return [scope for scope in SCOPES if scope in wanted]


def _require_within(store: Store, new: NewToken, by: Principal, lasts: timedelta | None) -> None:
    if by.way == "cookie":
        return
    holds = or_(col(ApiTokenRow.expires_at).is_(None), col(ApiTokenRow.expires_at) > now())
    own = store.exec(select(ApiTokenRow).where(ApiTokenRow.id == by.id, holds)).first()
    if own is None:
        raise NotSignedIn
    outlives = own.expires_at is not None and (lasts is None or now() + lasts > own.expires_at)
    if outlives or not set(own.scopes).issuperset(new.scopes):
        raise NotAllowed("token_beyond")


def _shown(row: ApiTokenRow) -> ApiToken:
    return ApiToken.model_validate(row.model_dump(include=set(ApiToken.model_fields)))
