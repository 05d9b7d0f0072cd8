"""Users, and how a browser or a program proves whom it speaks for."""

import asyncio
from collections.abc import Collection
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session as Store
from sqlmodel import col, or_, select

from agent.accounts import (
    administration,
    api_tokens,
    credentials,
    devices,
    guests,
    limiting,
    logins,
    oidc,
    secret_files,
    sign_ins,
    uses,
)
from agent.accounts.administration import Person as Person
from agent.accounts.api_tokens import ApiToken as ApiToken
from agent.accounts.api_tokens import Issued as Issued
from agent.accounts.api_tokens import NewToken as NewToken
from agent.accounts.credentials import Kept as Kept
from agent.accounts.credentials import kept_credentials as kept_credentials
from agent.accounts.credentials import note_credential_use as note_credential_use
from agent.accounts.credentials import open_credential as open_credential
from agent.accounts.devices import Device as Device
from agent.accounts.devices import DeviceCodes as DeviceCodes
from agent.accounts.devices import Waiting as Waiting
from agent.accounts.guests import GUEST_FOR as GUEST_FOR
from agent.accounts.guests import new_guest as new_guest
from agent.accounts.limiting import hit as hit
from agent.accounts.limiting import network as network
from agent.accounts.logins import SIGNED_IN_FOR as SIGNED_IN_FOR
from agent.accounts.logins import SignIn as SignIn
from agent.accounts.oidc import Answer as Answer
from agent.accounts.oidc import Returned as Returned
from agent.accounts.people import LOCAL, shown
from agent.accounts.renewal import Renewal as Renewal
from agent.accounts.request_keys import Answered as Answered
from agent.accounts.request_keys import answer_request as answer_request
from agent.accounts.request_keys import drop_request as drop_request
from agent.accounts.request_keys import take_request as take_request
from agent.accounts.sign_ins import Purpose as Purpose
from agent.accounts.tokens import Remembered, hashed
from agent.config import settings
from agent.core.guests import guest, persons_only
from agent.core.identity import ANONYMOUS, SCOPES, Principal, Scope, User
from agent.store.columns import now
from agent.store.engine import reading, writing
from agent.store.users import ApiTokenRow, LoginSessionRow, UserRow

DEVICE_TOKEN_LASTS = devices.TOKEN_LASTS
keep_sign_in = sign_ins.keep
take_sign_in = sign_ins.take
look_at_sign_in = sign_ins.look
replace_sign_in = sign_ins.replace

_known = Remembered[Principal]()

sign_in = logins.sign_in
signed_in = persons_only(logins.signed_in)
users = persons_only(administration.users)
remove_user = persons_only(administration.remove_user)
keep_credential = persons_only(credentials.keep_credential)
remove_credential = persons_only(credentials.remove_credential)
note_credential_test = persons_only(credentials.note_credential_test)
issued_tokens = persons_only(api_tokens.issued)
make_token = persons_only(api_tokens.make)
begin_device = devices.begin
redeem_device = devices.redeem
device = persons_only(devices.find)
allow_device = persons_only(devices.allow)
deny_device = persons_only(devices.deny)


async def local_owner() -> User:
    """The one owner of a server in local mode; made on the first call."""

    def work(store: Store) -> User:
        row = store.exec(select(UserRow).where(UserRow.provider == "local")).first()
        if row is None:
            row = UserRow(
                email="owner@localhost", name="You", provider="local", provider_uid="owner", is_admin=True
            )
            store.add(row)
        return shown(row)

    try:
        return await writing(work)
    except IntegrityError:
        return await writing(work)  # another process made the owner at the same moment


async def finish_login(browser: str, answer: Answer) -> Returned:
    """Know somebody who is back from the issuer; the browser is not signed in by it.

    Args:
        browser: the value of the short-lived cookie it left with.
        answer: what it brought back.

    Raises:
        Invalid: it was not begun here, or not by this browser, or it does not fit.
        NotAllowed: they may not sign in.
        Conflict: somebody else has their address.
        Unavailable: the issuer cannot be reached.
    """
    return await oidc.finish(settings(), browser, answer)


async def begin_login(browser: str, onward: str) -> str:
    """The issuer's address to send a browser to.

    Args:
        browser: the value of its short-lived cookie.
        onward: where the person was going, within the site.

    Raises:
        Invalid: what the issuer says of itself is of no use.
        Unavailable: the issuer cannot be reached.
    """
    return await oidc.begin(settings(), browser, onward)


async def sign_out(token: str) -> None:
    """End the sign-in of a cookie."""
    await logins.sign_out(token)
    _known.forget(hashed(token))


@persons_only
async def change_user(user: User, user_id: str, *, is_admin: bool) -> Person:
    """Make somebody an administrator, or no longer.

    Raises:
        NotFound: there is nobody of this id, or the asking user may not know.
        NotAllowed: for administrators alone.
        Conflict: there would be no administrator any more.
    """
    changed = await administration.change_user(user, user_id, is_admin=is_admin)
    _known.clear()
    return changed


@persons_only
async def shut_out(user: User, user_id: str) -> User:
    """End every way in of somebody who is to be removed, at once: sign-ins, tokens, devices on the way.

    Raises:
        NotFound: there is nobody of this id, or the asking user may not know.
        Conflict: they are the only administrator of others, or the owner of a server in local mode.
    """
    leaving = await administration.shut_out(user, user_id)
    _known.clear()
    return leaving


@persons_only
async def end_sign_in(user: User, sign_in_id: str) -> None:
    """End one sign-in of a person, in whatever browser.

    Raises:
        NotFound: there is none, or it is another's.
    """
    _known.forget(await logins.end_sign_in(user, sign_in_id))


@persons_only
async def sign_out_everywhere(user: User) -> None:
    """End every sign-in of a person."""
    for key in await logins.sign_out_everywhere(user):
        _known.forget(key)


@persons_only
async def claim(user: User, guest_token: str) -> int:
    """Give the sessions of a guest to the person who has just signed in there; says how many it were.

    Args:
        user: who signed in.
        guest_token: the cookie's value from before, worth nothing after; any other's changes nothing.
    """
    key = hashed(guest_token)
    claimed = await guests.claim(user, key)
    _known.forget(key)
    return claimed


async def issue_token(user: User, name: str, scopes: tuple[Scope, ...] = SCOPES) -> str:
    """Give a program a token to speak for the user; the answer is the only time it is seen."""
    return await api_tokens.issue(user, name, scopes)


@persons_only
async def revoke_token(user: User, token_id: str) -> None:
    """Take a token's right away.

    Raises:
        NotFound: this person has no such token.
    """
    _known.forget(await api_tokens.revoke(user, token_id))


async def give_back_token(token: str) -> None:
    """Take the right of a token away that a program needs no longer; one that nobody knows is none."""
    _known.forget(await api_tokens.give_back(token))


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
    principal = None if afresh else _known.get(key)
    principal = principal or (await still_known([key])).get(key)
    if principal is not None:
        uses.note(principal)
    return principal


async def still_known(hashes: Collection[str]) -> dict[str, Principal]:
    """Who asks with each of these, given as hashes; what speaks for nobody (any more) is left out."""

    def work(store: Store) -> dict[str, Principal]:
        return {**_signed_in(store, hashes), **_issued(store, hashes)}

    principals = await reading(work)
    for key in hashes:
        if key in principals:
            _known.put(key, principals[key])
        else:
            _known.forget(key)
    return principals


def _signed_in(store: Store, hashes: Collection[str]) -> dict[str, Principal]:
    wanted = (
        select(LoginSessionRow, UserRow)
        .join(UserRow, col(UserRow.id) == LoginSessionRow.user_id, isouter=True)
        .where(col(LoginSessionRow.token_hash).in_(hashes), col(LoginSessionRow.expires_at) > now())
    )
    found = (
        (row, shown(person) if person else guest(row.anonymous_session_id or ""))
        for row, person in store.exec(wanted)
    )
    return {
        row.token_hash: Principal(user=user, way="cookie", id=row.id) for row, user in found if _counts(user)
    }


def _issued(store: Store, hashes: Collection[str]) -> dict[str, Principal]:
    lasts = or_(col(ApiTokenRow.expires_at).is_(None), col(ApiTokenRow.expires_at) > now())
    wanted = (
        select(ApiTokenRow, UserRow)
        .join(UserRow, col(UserRow.id) == ApiTokenRow.user_id)
        .where(col(ApiTokenRow.token_hash).in_(hashes), lasts)
    )
    found = ((row, shown(person)) for row, person in store.exec(wanted))
    return {
        row.token_hash: Principal.model_validate(
            {"user": user, "way": "token", "id": row.id, "scopes": row.scopes}
        )
        for row, user in found
        if _counts(user)
    }


def _counts(user: User) -> bool:
    """Whether somebody is known in this mode: the owner of local mode and guests are so in theirs alone."""
    mode = settings().maestro_auth
    return {LOCAL: "local", ANONYMOUS: "anonymous"}.get(user.provider, mode) == mode


async def close() -> None:
    """Write down what is still to be, and forget what was counted."""
    await uses.settle()
    await limiting.close()


async def owners_token(user: User, file: Path) -> None:
    """Make sure the owner's API token lies in a file only the owner can read."""
    kept = await asyncio.to_thread(secret_files.read, file)
    if not kept or await whose(kept) is None:
        await asyncio.to_thread(secret_files.write, file, await issue_token(user, "local owner"))
