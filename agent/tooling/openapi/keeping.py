"""The services of a person: added, listed, changed and removed. Every function asks whose they are."""

import asyncio
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, cast

from pydantic import Field, SecretStr
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import defer
from sqlmodel import Session as Store
from sqlmodel import col, func, select

from agent.core.addresses import is_private
from agent.core.errors import Conflict, Invalid, LimitReached, NotFound
from agent.core.identity import User
from agent.core.messages import Value
from agent.store import sealing
from agent.store.columns import is_id, new_id, now
from agent.store.engine import reading as read_store
from agent.store.engine import writing
from agent.store.services import OpenapiServiceRow
from agent.tooling.openapi._places import chosen, filled, origin
from agent.tooling.openapi.describing import describe
from agent.tooling.openapi.description import Description
from agent.tooling.openapi.fetching import PUBLIC, fetch
from agent.tooling.openapi.reading import read
from agent.tooling.web.fetching import Web

MOST_KEPT = 10_000_000
"""Characters of a description as it is kept."""
MOST_SERVICES = 50
"""Of one person."""
TABLE, FIELD = "openapi_services", "credentials"

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
"""What a model calls a service: before the colon of an operation's name."""
Words = Annotated[str, Field(max_length=4000)]
Credentials = dict[Words, Annotated[SecretStr, Field(max_length=10_000)]]
"""By the name of the security scheme; for `basic` as `user:password`."""


class NewService(Value):
    """A service to be added, by the address of its description or by its text."""

    name: Name
    url: Words = ""
    text: str = ""
    server: Words = ""
    """Which of its servers to ask, or another; empty for the first."""
    variables: dict[Words, Words] = {}
    """For the gaps in the server's address."""
    credentials: Credentials = {}


class ServiceChanges(Value):
    """What changes of a service; what is left out stays."""

    name: Name | None = None
    text: str | None = None
    """A newer description."""
    is_fetched: bool = False
    """Fetch its description again from where it came."""
    server: Words | None = None
    variables: dict[Words, Words] = {}
    credentials: Credentials | None = None
    """All of them; empty forgets them."""
    is_enabled: bool | None = None


class SchemeOffer(Value):
    """A way to sign in that a service knows."""

    kind: str
    told: str


class OpenapiService(Value):
    """A service as its owner sees it; never with a credential."""

    id: str
    name: str
    title: str
    version: str
    operations: int
    left_out: tuple[str, ...]
    """Operations that cannot be called, each with the reason; the first hundred."""
    url: str
    server: str
    servers: tuple[str, ...]
    """Those of the description."""
    schemes: dict[str, SchemeOffer]
    """What credentials can be given, by name."""
    hint: str
    """The last four characters of its credential."""
    has_credentials: bool
    is_enabled: bool
    created_at: datetime
    fetched_at: datetime


async def services(user: User) -> list[OpenapiService]:
    """The services of a person, by name."""
    rows = select(OpenapiServiceRow).where(OpenapiServiceRow.user_id == user.id)
    # Descriptions are large, and nothing of them is shown here.
    wanted = rows.options(defer(cast("Any", OpenapiServiceRow.description))).order_by(OpenapiServiceRow.name)
    return await read_store(lambda store: [_shown(row) for row in store.exec(wanted)])


async def add_service(user: User, new: NewService, web: Web = PUBLIC) -> OpenapiService:
    """Add a service.

    Args:
        user: whose it will be.
        new: what is to be added.
        web: the way to its description.

    Raises:
        Invalid: its description cannot be fetched or read, or a server or credential does not fit it.
        LimitReached: its description is too large, or there are too many services.
        Conflict: there is one of this name.
        Unavailable: credentials cannot be sealed.
    """
    if bool(new.url) == bool(new.text):
        raise Invalid("service_source")
    text = new.text or await fetch(web, new.url)
    described, kept = await asyncio.to_thread(_kept, text)
    server = chosen(described.servers, new.server, new.variables, new.url)
    row = OpenapiServiceRow(
        id=new_id(), user_id=user.id, name=new.name, url=new.url, server=server, **_fields(described, kept)
    )
    await asyncio.to_thread(_seal, row, new.credentials)

    def work(store: Store) -> OpenapiService:
        mine = select(func.count()).where(col(OpenapiServiceRow.user_id) == user.id)
        if store.exec(mine).one() >= MOST_SERVICES:
            raise LimitReached("services_full", most=MOST_SERVICES)
        store.add(row)
        store.flush()
        return _shown(row)

    return await _unlike_others(new.name, work)


async def change_service(
    user: User, service_id: str, changes: ServiceChanges, web: Web = PUBLIC
) -> OpenapiService:
    """Change a service. Credentials stay with their server: another one does not get them.

    Args:
        user: whose it is.
        service_id: which.
        changes: what is to change.
        web: the way to its description.

    Raises:
        NotFound: there is no such service of this person.
        Invalid, LimitReached, Conflict, Unavailable: as when adding.
    """
    before = await read_store(lambda store: _mine(store, user, service_id))
    text = changes.text
    if changes.is_fetched:
        if not before.url or text is not None:
            raise Invalid("service_source")
        text = await fetch(web, before.url)
    described, kept = await asyncio.to_thread(_kept, text) if text is not None else (None, "")
    outline = _outline(described) if described else before.outline
    server = before.server
    if changes.server is not None:
        known = described or await asyncio.to_thread(Description.model_validate_json, before.description)
        server = chosen(known.servers, changes.server, changes.variables, before.url)
    sealed = OpenapiServiceRow(
        **before.model_dump(exclude={"outline", "server"}), outline=outline, server=server
    )
    if changes.credentials is not None:
        await asyncio.to_thread(_seal, sealed, changes.credentials)
    elif origin(server) != origin(before.server):
        sealed.credentials, sealed.hint = None, ""

    def work(store: Store) -> OpenapiService:
        row = _mine(store, user, service_id)
        row.server, row.credentials, row.hint = sealed.server, sealed.credentials, sealed.hint
        row.name = row.name if changes.name is None else changes.name
        row.is_enabled = row.is_enabled if changes.is_enabled is None else changes.is_enabled
        for name, value in (_fields(described, kept) if described else {}).items():
            setattr(row, name, value)
        store.add(row)
        store.flush()
        return _shown(row)

    return await _unlike_others(changes.name or before.name, work)


async def remove_service(user: User, service_id: str) -> None:
    """Remove a service and its credentials.

    Raises:
        NotFound: there is no such service of this person.
    """
    await writing(lambda store: store.delete(_mine(store, user, service_id)))


def unsealed(row: OpenapiServiceRow) -> dict[str, str]:
    """The credentials of a service, by the name of their scheme.

    Raises:
        Unavailable: they cannot be opened.
    """
    if row.credentials is None:
        return {}
    opened = sealing.unseal(row.credentials, table=TABLE, row=row.id, user=row.user_id, field=FIELD)
    return json.loads(opened)


def _mine(store: Store, user: User, service_id: str) -> OpenapiServiceRow:
    row = store.get(OpenapiServiceRow, service_id) if is_id(service_id) else None
    if row is None or row.user_id != user.id:
        raise NotFound("openapi_service")
    return row


async def _unlike_others(name: str, work: Any) -> OpenapiService:
    try:
        return await writing(work)
    except IntegrityError:
        raise Conflict("service_exists", name=name) from None


def _kept(text: str) -> tuple[Description, str]:
    """A description, and the JSON that is kept of it. It computes: for a thread."""
    described = describe(read(text))
    kept = described.model_dump_json(exclude_defaults=True)
    if len(kept) > MOST_KEPT:
        raise LimitReached("service_too_large", most=f"{MOST_KEPT // 10**6} MB")
    return described, kept


def _fields(described: Description, kept: str) -> dict[str, Any]:
    digest = hashlib.sha256(kept.encode()).hexdigest()
    return {"description": kept, "digest": digest, "outline": _outline(described), "fetched_at": now()}


def _outline(described: Description) -> dict[str, Any]:
    return {
        "title": described.title,
        "version": described.version,
        "operations": len(described.operations),
        "left_out": described.left_out[:100],
        "servers": [filled(server) for server in described.servers],
        "schemes": {
            name: {"kind": scheme.kind, "told": scheme.told} for name, scheme in described.schemes.items()
        },
    }


def _seal(row: OpenapiServiceRow, credentials: Mapping[str, SecretStr]) -> None:
    """Put credentials into a row, sealed; none forget those it has."""
    given = {name: secret.get_secret_value().strip() for name, secret in credentials.items()}
    given = {name: secret for name, secret in given.items() if secret}
    row.credentials, row.hint = None, ""
    if not given:
        return
    for name, secret in given.items():
        _require_fit(row.outline["schemes"], name, secret)
    if not is_private(row.server):
        raise Invalid("service_not_private", server=row.server)
    plain = json.dumps(given).encode()
    row.credentials = sealing.seal(plain, table=TABLE, row=row.id, user=row.user_id, field=FIELD)
    first = next(iter(given.values()))
    row.hint = first[-4:] if len(first) >= 12 else ""  # noqa: PLR2004 - less would be told too much of


def _require_fit(schemes: Mapping[str, Mapping[str, str]], name: str, secret: str) -> None:
    if name not in schemes:
        raise Invalid("service_scheme", name=name[:200], known=", ".join(schemes))
    is_basic = schemes[name]["kind"] == "basic"
    # A password may have spaces and letters of any kind: it is sent in base64.
    fits = ":" in secret and secret.isprintable() if is_basic else re.fullmatch(r"[!-~]+", secret)
    if not fits:
        raise Invalid("service_credential", name=name)


def _shown(row: OpenapiServiceRow) -> OpenapiService:
    same = row.model_dump(
        include=set(OpenapiService.model_fields) & (OpenapiServiceRow.model_fields.keys() - {"description"})
    )
    return OpenapiService(**same, **row.outline, has_credentials=row.credentials is not None)
