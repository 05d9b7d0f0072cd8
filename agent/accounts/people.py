"""People of this server, as an issuer vouches for them."""

import re

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session as Store
from sqlmodel import select

from agent.config import Settings
from agent.core.errors import Conflict, Invalid, NotAllowed
from agent.core.identity import User
from agent.core.messages import Value
from agent.oauth.issuers import GOOGLE
from agent.store import audit
from agent.store.audit import Entry
from agent.store.engine import writing
from agent.store.users import UserRow

LOCAL = "local"
ONE_AT_A_TIME = 0x7065_6F70_6C65
"""PostgreSQL's advisory lock for who is administrator; SQLite has one writer anyway."""
NAME_LENGTH, EMAIL_LENGTH = 200, 320


class Vouched(Value):
    """Somebody as an issuer vouches for them."""

    issuer: str
    subject: str
    """Who they are there, for ever."""
    email: str
    is_verified: bool
    """Whether the issuer has made sure that the e-mail address is theirs."""
    name: str = ""


def vouching(issuer: str) -> str:
    """What `users.provider` says of an issuer.

    >>> vouching("https://accounts.google.com"), vouching("https://login.example.org")
    ('google', 'https://login.example.org')
    """
    return "google" if issuer == GOOGLE else issuer


def address(email: str) -> str:
    """An e-mail address as it is compared and kept; empty when it is none.

    >>> address(" Ada@Example.org"), address("ada"), address("ada@example.org@evil")
    ('ada@example.org', '', '')
    """
    email = email.strip()
    is_one = re.fullmatch(r"[^@\s]+@[^@\s]+", email) and email.isprintable() and len(email) <= EMAIL_LENGTH
    if not is_one:
        return ""
    # Beyond ASCII there are letters whose small form is a letter of ASCII: the sign of Kelvin is no K.
    return email.lower() if email.isascii() else email


def is_welcome(vouched: Vouched, settings: Settings) -> bool:
    """Whether somebody may sign in: an address counts only when it is verified, its domain to the letter.

    >>> only = Settings(maestro_allowed_domains="example.org", _env_file=None)
    >>> ada = Vouched(issuer="i", subject="1", email="ada@example.org", is_verified=True)
    >>> is_welcome(ada, only), is_welcome(ada.model_copy(update={"is_verified": False}), only)
    (True, False)
    >>> is_welcome(ada.model_copy(update={"email": "ada@example.org.evil"}), only)
    False
    """
    domain = address(vouched.email).rpartition("@")[2]
    return not settings.allowed_domains or (vouched.is_verified and domain in settings.allowed_domains)


async def known(vouched: Vouched, settings: Settings) -> User:
    """The user an issuer vouches for, made on their first visit; name and e-mail follow the issuer.

    Raises:
        NotAllowed: people of this address may not sign in.
        Invalid: the issuer names no e-mail address.
        Conflict: somebody else has this address; the two are never taken for one.
    """
    email = address(vouched.email)
    if not email:
        raise Invalid("login_email_missing")
    if not is_welcome(vouched, settings):
        raise NotAllowed("login_domain")
    name = line(vouched.name, NAME_LENGTH) or email.partition("@")[0]
    is_listed = vouched.is_verified and email in settings.admins

    def work(store: Store) -> User:
        one_at_a_time(store)
        row = _found(store, vouched)
        is_new = row is None
        if row is None:
            provider = vouching(vouched.issuer)
            row = UserRow(email=email, name=name, provider=provider, provider_uid=vouched.subject)
            row.is_admin = not settings.admins and _is_first(store, provider)
        row.email, row.name = email, name
        is_promoted = is_listed and not row.is_admin
        row.is_admin = row.is_admin or is_listed
        store.add(row)
        store.flush()
        _tell_of(store, row, is_new=is_new, is_promoted=is_promoted)
        return shown(row)

    try:
        return await writing(work)
    except IntegrityError as error:
        raise Conflict("email_taken") from error


def shown(row: UserRow) -> User:
    """A person as everybody below the doors knows them."""
    return User(id=row.id, email=row.email, name=row.name, provider=row.provider, is_admin=row.is_admin)


def _found(store: Store, vouched: Vouched) -> UserRow | None:
    provider = vouching(vouched.issuer)
    theirs = select(UserRow).where(UserRow.provider == provider, UserRow.provider_uid == vouched.subject)
    return store.exec(theirs).first()


def _is_first(store: Store, provider: str) -> bool:
    return store.exec(select(UserRow.id).where(UserRow.provider == provider)).first() is None


def _tell_of(store: Store, row: UserRow, *, is_new: bool, is_promoted: bool) -> None:
    if is_new:
        body = {"provider": row.provider, "is_admin": row.is_admin}
        audit.append(store, Entry(action="user_added", user_id=row.id, body=body))
    elif is_promoted:
        body = {"person": row.id, "is_admin": True, "by": "MAESTRO_ADMINS"}
        audit.append(store, Entry(action="administrator_changed", user_id=row.id, body=body))


def one_at_a_time(store: Store) -> None:
    """Let nobody else change who there is and who is an administrator, until the transaction ends."""
    if store.connection().dialect.name == "postgresql":
        store.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})


def line(said: str, longest: int) -> str:
    r"""What a stranger said of itself, on one line and without what does not show.

    >>> line("Ada\n\x1b[31m Lovelace", 12)
    'Ada [31m Lov'
    """
    return " ".join("".join(letter if letter.isprintable() else " " for letter in said).split())[:longest]
