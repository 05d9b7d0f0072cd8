"""Credentials of people for providers: sealed at rest, opened for a step."""

import asyncio
import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field
from sqlalchemy import ColumnElement
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session as Store
from sqlmodel import col, delete, select, update

from agent.core.errors import NotFound, Unavailable
from agent.core.identity import User
from agent.core.messages import Value
from agent.core.provider import AuthType, Credential
from agent.store import sealing
from agent.store.audit import Entry, append
from agent.store.columns import new_id, now
from agent.store.engine import reading, writing
from agent.store.users import LlmConfigurationRow

TABLE, FIELD = "llm_configurations", "credentials"
LONG, LAST = 20, 4
"""A secret of LONG letters is known again by its LAST ones; of a shorter one none are shown."""
USED_EVERY = timedelta(minutes=1)
"""How often at most the last use is written down."""

Entered = Literal["pasted", "signed_in"]
"""How a credential came here."""


class Kept(Value):
    """A credential as it is stored."""

    id: str
    user_id: str
    provider: str
    auth_type: AuthType
    hint: str
    created_at: datetime
    """When it was entered."""
    changed_at: datetime
    last_used_at: datetime | None
    """To the minute."""
    sealed: bytes = Field(repr=False)


async def kept_credentials(user: User, provider: str = "") -> list[Kept]:
    """What is stored of a person, the newest first.

    Args:
        user: whose.
        provider: for which alone; empty for all.
    """
    if user.is_anonymous:
        return []
    mine = select(LlmConfigurationRow).where(*_of(user, provider))
    newest_first = mine.order_by(col(LlmConfigurationRow.created_at).desc())
    return await reading(lambda store: [kept_of(row) for row in store.exec(newest_first)])


async def keep_credential(user: User, provider: str, credential: Credential, entered: Entered) -> None:
    """Store a credential in the place of any other for this provider.

    Raises:
        Unavailable: it cannot be sealed.
    """
    moment = now()
    row = LlmConfigurationRow(
        id=new_id(),
        user_id=user.id,
        provider=provider,
        auth_type=credential.auth_type,
        hint=hint(credential),
        credentials=b"",
        created_at=moment,
        changed_at=moment,
    )
    row.credentials = await sealed(row, credential)
    written = {"provider": provider, "auth_type": row.auth_type, "hint": row.hint, "entered": entered}

    def work(store: Store) -> None:
        store.exec(delete(LlmConfigurationRow).where(*_of(user, provider)))
        store.add(LlmConfigurationRow(**row.model_dump()))
        append(store, Entry(action="credential_stored", user_id=user.id, body=written))

    try:
        await writing(work)
    except IntegrityError:
        await writing(work)  # the same person stored another at the same moment


async def remove_credential(user: User, provider: str) -> None:
    """Remove a person's credential; it is not asked with any more from the next step on.

    Raises:
        NotFound: there is none.
    """
    gone = delete(LlmConfigurationRow).where(*_of(user, provider)).returning(LlmConfigurationRow)

    def work(store: Store) -> None:
        rows = [*store.scalars(gone)]
        if not rows:
            raise NotFound("credential")
        for row in rows:
            written = {"provider": provider, "auth_type": row.auth_type, "hint": row.hint}
            append(store, Entry(action="credential_removed", user_id=user.id, body=written))

    await writing(work)


async def note_credential_test(user: User, provider: str, source: str, outcome: str) -> None:
    """Write into the audit log that somebody tried whether a credential works.

    Args:
        user: who.
        provider: where.
        source: whose credential: `new`, `own` or `server`.
        outcome: `ok`, or what is wrong with it.
    """
    body = {"provider": provider, "source": source, "outcome": outcome}
    entry = Entry(action="credential_tested", user_id=user.id, body=body)
    await writing(lambda store: append(store, entry))


async def open_credential(kept: Kept) -> Credential:
    """The credential itself.

    Raises:
        Unavailable: it cannot be opened.
    """
    place = {"table": TABLE, "row": kept.id, "user": kept.user_id, "field": FIELD}
    opened = await asyncio.to_thread(sealing.unseal, kept.sealed, **place)
    return Credential.model_validate({**json.loads(opened), "auth_type": kept.auth_type})


async def note_credential_use(kept: Kept) -> None:
    """Write down that a credential is being used, where that was not done within a minute."""
    if kept.last_used_at is not None and kept.last_used_at > now() - USED_EVERY:
        return
    used = update(LlmConfigurationRow).where(col(LlmConfigurationRow.id) == kept.id)
    with suppress(Unavailable):
        await writing(lambda store: store.exec(used.values(last_used_at=now())).rowcount)


def hint(credential: Credential) -> str:
    """By what a person knows a credential again: the last letters of a long key.

    >>> hint(Credential.model_validate({"secret": "sk-0123456789-0123456789-abcd"}))
    'abcd'
    >>> hint(Credential.model_validate({"secret": "sk-short"}))
    ''
    """
    secret = credential.secret.get_secret_value()
    if credential.refresh_token:
        return ""  # its token is soon another one
    if credential.auth_type == "service_account":
        secret = str(json.loads(secret).get("private_key_id", ""))
    return secret[-LAST:] if len(secret) >= LONG else ""


def _of(user: User, provider: str) -> tuple[ColumnElement[bool], ...]:
    whose = col(LlmConfigurationRow.user_id) == user.id
    return (whose, col(LlmConfigurationRow.provider) == provider) if provider else (whose,)


def kept_of(row: LlmConfigurationRow) -> Kept:
    """A row as a value."""
    shown = row.model_dump(exclude={"credentials", "renewing_until"})
    return Kept.model_validate({**shown, "sealed": row.credentials})


async def sealed(row: LlmConfigurationRow, credential: Credential) -> bytes:
    """What is stored of a credential: who we are at its server and where that is, we know by ourselves."""
    ends = credential.expires_at
    body = {
        "secret": credential.secret.get_secret_value(),
        "project": credential.project,
        "location": credential.location,
        "refresh_token": credential.refresh_token.get_secret_value(),
        "expires_at": ends and ends.isoformat(),
    }
    place = {"table": TABLE, "row": row.id, "user": row.user_id, "field": FIELD}
    return await asyncio.to_thread(sealing.seal, json.dumps(body).encode(), **place)
