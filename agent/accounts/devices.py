"""The device login (RFC 8628): a program shows a code, a person types it here and lets the program in."""

import re
import secrets
from datetime import datetime, timedelta
from typing import Literal

from pydantic import SecretStr
from sqlalchemy import ColumnElement
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session as Store
from sqlmodel import col, delete, func, select

from agent.accounts import api_tokens
from agent.accounts.api_tokens import Issued
from agent.accounts.limiting import forgive, hit, network
from agent.accounts.tokens import hashed, new_token
from agent.config import settings
from agent.core.errors import Conflict, LimitReached, NotFound
from agent.core.identity import Scope, User
from agent.core.messages import Value
from agent.store import audit
from agent.store.audit import Action, Entry
from agent.store.columns import is_id, now
from agent.store.engine import reading, writing
from agent.store.users import DeviceCodeRow

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no code is a word; nothing that looks like a digit."""
LETTERS = 8
LASTS = timedelta(minutes=10)
INTERVAL = 5
"""Seconds between two polls; and what is added to them when a program does not keep to it."""
GRACE = timedelta(seconds=0.5)
"""A poll may come earlier by what the network took longer for the one before."""
TOKEN_LASTS = timedelta(days=90)
MOST_OPEN = 1000
BEGINNINGS = "10/10 minutes"
"""From one place."""
GUESSES = "5/10 minutes"
"""Wrong user codes of one person, and from one place."""
LONGEST_CLIENT = 80
NAMELESS = "unnamed program"
DEVICE_CODE = re.compile(r"msd_[\w-]{43}", re.ASCII)

Waiting = Literal["authorization_pending", "slow_down", "expired_token", "invalid_request"]
"""What a program is told that gets no token.

`expired_token` is everything that has ended: denied, too late, redeemed already; what looks like one of our
codes and is not there had its time. `invalid_request` is what we never gave to anybody.
"""


class DeviceCodes(Value):
    """What a program is given: a code to come back with, and one to show to the person."""

    device_code: SecretStr
    user_code: SecretStr
    expires_in: int
    interval: int


class Device(Value):
    """A program that waits to be let in, as the person sees it who is asked."""

    id: str
    client: str
    """What it says it is."""
    place: str
    """The address it asks from."""
    scopes: tuple[Scope, ...]
    created_at: datetime


async def begin(client: str, place: str, scopes: tuple[Scope, ...]) -> DeviceCodes:
    """Give a program its codes.

    Args:
        client: what it says it is.
        place: the address it asks from.
        scopes: what it wants to be let do; none for what a token may usually do.

    Raises:
        LimitReached: too many began from this place, or altogether.
    """
    if settings().is_limited:
        await hit(f"device_beginnings/{network(place)}", BEGINNINGS)
    device_code, user_code = new_token("msd"), new_user_code()
    row = DeviceCodeRow(
        device_hash=hashed(device_code),
        user_hash=hashed(_plain(user_code)),
        client=shortened(client) or NAMELESS,
        place=place,
        scopes=[*api_tokens.in_order(scopes or api_tokens.FOR_SESSIONS)],
        interval=INTERVAL,
        expires_at=now() + LASTS,
    )
    try:
        await writing(lambda store: _keep(store, row))
    except IntegrityError:
        return await begin(client, place, scopes)  # another was given the same code to show
    return DeviceCodes(
        device_code=SecretStr(device_code),
        user_code=SecretStr(user_code),
        expires_in=int(LASTS.total_seconds()),
        interval=INTERVAL,
    )


async def redeem(device_code: str) -> Issued | Waiting:
    """Give a program the token that a person let it have, once; else what it has to wait for."""
    if not DEVICE_CODE.fullmatch(device_code):
        return "invalid_request"
    key = hashed(device_code)
    return await writing(lambda store: _redeemed(store, key) or _polled(store, key))


async def find(user: User, user_code: str, place: str) -> Device:
    """The program that shows a code.

    Args:
        user: who typed the code.
        user_code: as it was typed.
        place: the address of their browser.

    Raises:
        NotFound: no program waits that shows it.
        LimitReached: too many wrong ones were typed, by this person or from this place.
    """
    guesses = [f"device_guesses/{user.id}", f"device_guesses/{network(place)}"]
    for key in guesses:
        # Counted before it is looked up: many guesses at once are not one.
        await hit(key, GUESSES)
    shows = col(DeviceCodeRow.user_hash) == hashed(_plain(user_code))
    row = await reading(lambda store: store.exec(select(DeviceCodeRow).where(shows, *_open())).first())
    if row is None:
        raise NotFound("device_code")
    for key in guesses:
        await forgive(key, GUESSES)
    return _shown(row)


async def allow(user: User, device_id: str) -> Device:
    """Let a program in, which gets its token when it asks next; that is written down in the audit log.

    Raises:
        Conflict: it waits no longer.
        LimitReached: this person has too many tokens.
    """

    def work(store: Store) -> Device:
        api_tokens.require_room(store, user.id)
        return _answered(store, user, device_id, "device_allowed")

    return await writing(work)


async def deny(user: User, device_id: str) -> Device:
    """Keep a program out; that is written down in the audit log.

    Raises:
        Conflict: it waits no longer.
    """
    return await writing(lambda store: _answered(store, user, device_id, "device_denied"))


def new_user_code() -> str:
    """A code that people can read and type.

    >>> len(new_user_code()), new_user_code()[4]
    (9, '-')
    """
    letters = "".join(secrets.choice(ALPHABET) for _ in range(LETTERS))
    return f"{letters[:4]}-{letters[4:]}"


def shortened(client: str) -> str:
    r"""What a program calls itself, as it may be shown: a line of letters that turn nothing around.

    >>> shortened("  my\n tool\u202e ")
    'my tool'
    """
    words = " ".join(client.split())
    return "".join(letter for letter in words if letter.isprintable())[:LONGEST_CLIENT].strip()


def _plain(user_code: str) -> str:
    """A code without what people put between its letters.

    >>> _plain("wdjb mjht"), _plain("WDJB–MJHT")
    ('WDJBMJHT', 'WDJBMJHT')
    """
    return "".join(letter for letter in user_code.upper() if letter.isalnum())


def _keep(store: Store, row: DeviceCodeRow) -> None:
    store.exec(delete(DeviceCodeRow).where(col(DeviceCodeRow.expires_at) < now()))
    if store.exec(select(func.count()).where(*_open())).one() >= MOST_OPEN:
        raise LimitReached("devices_full")
    store.add(row)


def _redeemed(store: Store, key: str) -> Issued | None:
    """Take the code away and make the token: of many who come with it at once, one finds it."""
    lasts = col(DeviceCodeRow.expires_at) > now()
    mine = (col(DeviceCodeRow.device_hash) == key, col(DeviceCodeRow.state) == "approved", lasts)
    wanted = (col(DeviceCodeRow.user_id), col(DeviceCodeRow.client), col(DeviceCodeRow.scopes))
    found = store.exec(delete(DeviceCodeRow).where(*mine).returning(*wanted)).first()
    if found is None:
        return None
    user_id, client, scopes = found
    made = api_tokens.issue_in(store, user_id, client, scopes, "device", TOKEN_LASTS)
    api_tokens.write_down(store, "token_made", user_id, made)
    return made


def _polled(store: Store, key: str) -> Waiting:
    mine = select(DeviceCodeRow).where(DeviceCodeRow.device_hash == key)
    row = store.exec(mine.with_for_update()).first()
    if row is None or row.state == "denied" or row.expires_at <= now():
        return "expired_token"
    last, row.polled_at = row.polled_at, now()
    if last is None or row.polled_at - last >= timedelta(seconds=row.interval) - GRACE:
        return "authorization_pending"
    row.interval += INTERVAL
    return "slow_down"


def _answered(store: Store, user: User, device_id: str, action: Action) -> Device:
    if not is_id(device_id):
        raise Conflict("device_closed")
    waits = select(DeviceCodeRow).where(DeviceCodeRow.id == device_id, *_open())
    row = store.exec(waits.with_for_update()).first()
    if row is None:
        raise Conflict("device_closed")
    row.state, row.user_id = "approved" if action == "device_allowed" else "denied", user.id
    body = {"client": row.client, "place": row.place, "scopes": row.scopes}
    audit.append(store, Entry(action=action, user_id=user.id, body=body))
    return _shown(row)


def _open() -> tuple[ColumnElement[bool], ...]:
    return col(DeviceCodeRow.state) == "pending", col(DeviceCodeRow.expires_at) > now()


def _shown(row: DeviceCodeRow) -> Device:
    return Device.model_validate(row.model_dump(include=set(Device.model_fields)))
