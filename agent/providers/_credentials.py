"""The credentials of a person: what there is, without ever showing it; stored, removed and tried."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from agent import accounts
from agent.accounts import Kept
from agent.config import settings
from agent.core.addresses import clean
from agent.core.errors import Invalid, NotFound, ProviderError, ProviderErrorKind, Unavailable
from agent.core.identity import User
from agent.core.messages import Value
from agent.core.provider import AuthType, Credential
from agent.providers import _choosing
from agent.providers._asking import Patient
from agent.providers._plug_ins import PlugIn, plug_ins
from agent.providers._service_accounts import is_service_account, service_account
from agent.providers._sign_in import WAYS

LONGEST = 10_000
"""Characters of a credential; a service account has 2,500."""
PATIENCE = 15.0
"""Seconds a provider may take to say whether it takes a credential."""
FIELD = "secret"
"""What a person calls it: the field of a form."""
PASSING = frozenset({"rate", "overloaded", "network", "cut"})
"""Kinds of errors that tell nothing about the credential."""

Source = Literal["own", "server", "none"]
"""Whose credential is asked with: the person's own, the server's, or nobody's."""


class NewCredential(Value):
    """A credential to be stored in the place of the one before."""

    auth_type: Literal["api_key", "oauth_token", "service_account"] | None = None
    """What it is; a service account is known by its form, anything else is taken for a key."""
    secret: Annotated[SecretStr, Field(min_length=1, max_length=LONGEST)]
    """The key, the token, or the service account itself as JSON."""
    project: Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9._:-]{0,99})?$")] = ""
    location: Annotated[str, Field(pattern=r"^([a-z0-9-]{1,50})?$")] = ""


class CredentialState(Value):
    """With which credential a person asks a provider; never the credential itself."""

    provider: str
    source: Source
    auth_type: AuthType | None
    """None where there is none."""
    hint: str = ""
    """The last letters of the person's own, where it is long enough."""
    created_at: datetime | None = None
    """When the person entered it."""
    last_used_at: datetime | None = None
    """To the minute."""
    auth_types: tuple[AuthType, ...]
    """What the person can bring."""
    has_sign_in: bool
    """Whether they can sign in at the provider instead of pasting one."""


class Tested(Value):
    """What a provider says of a credential."""

    provider: str
    source: Literal["own", "server"]
    outcome: Literal["ok"] | ProviderErrorKind
    """`ok`, or the kind of what is wrong; of the provider's own words none, for they may repeat the key."""


async def credentials(user: User) -> list[CredentialState]:
    """With what a person asks each provider, by the providers' names; those too that they cannot ask yet."""
    own = {kept.provider: kept for kept in reversed(await accounts.kept_credentials(user))}
    found = settings()
    shown = [plug_in for plug_in in plug_ins().values() if plug_in.auth_types(found) or plug_in.SETTING]
    return [_state(user, plug_in, own.get(plug_in.NAME)) for plug_in in sorted(shown, key=lambda p: p.NAME)]


async def credential(user: User, provider: str) -> CredentialState:
    """With what a person asks a provider.

    Raises:
        NotFound: there is no such provider.
    """
    plug_in = _named(provider)
    kept = await accounts.kept_credentials(user, plug_in.NAME)
    return _state(user, plug_in, kept[0] if kept else None)


async def store_credential(
    user: User, provider: str, new: NewCredential, *, is_tested: bool = False
) -> CredentialState:
    """Store a person's credential; their next step asks with it.

    Args:
        user: whose it is.
        provider: for which provider.
        new: the credential.
        is_tested: whether to ask the provider first, and to store nothing that it refuses.

    Raises:
        NotFound: there is no such provider.
        Invalid: it cannot be a credential of this provider, or the provider refuses it.
        Unavailable: it cannot be sealed, or the provider does not answer.
    """
    plug_in = _named(provider)
    entered = await _entered(plug_in, new)
    patient = _choosing.connect(plug_in, _choosing.completed(plug_in, entered, settings()))
    if is_tested:
        await _require(user, plug_in, patient)
    await accounts.keep_credential(user, plug_in.NAME, entered, "pasted")
    await _choosing.pool.drop(user.id, plug_in.NAME)
    return await credential(user, provider)


async def remove_credential(user: User, provider: str) -> None:
    """Remove a person's credential; their next step asks with the server's, if they may.

    Raises:
        NotFound: there is no such provider, or no credential of this person for it.
    """
    plug_in = _named(provider)
    await accounts.remove_credential(user, plug_in.NAME)
    await _choosing.pool.drop(user.id, plug_in.NAME)


async def test_credential(user: User, provider: str) -> Tested:
    """Ask a provider whether it takes the credential this person asks it with.

    Raises:
        NotFound: there is no such provider, or no credential for it.
        Invalid: the credential cannot be opened.
        Unavailable: the database does not answer.
    """
    plug_in = _named(provider)
    usable = await _choosing.chosen(user, plug_in)
    if usable is None:
        raise NotFound("credential")
    failure = await _failure(usable.patient)
    source = "own" if usable.kept else "server"
    await accounts.note_credential_test(user, plug_in.NAME, source, failure or "ok")
    return Tested(provider=plug_in.NAME, source=source, outcome=failure or "ok")


def _named(provider: str) -> PlugIn:
    plug_in = plug_ins().get(provider)
    if plug_in is None or not (plug_in.auth_types(settings()) or plug_in.SETTING):
        raise NotFound("provider")
    return plug_in


def _state(user: User, plug_in: PlugIn, kept: Kept | None) -> CredentialState:
    found = settings()
    auth_types = plug_in.auth_types(found)
    way = WAYS.get(plug_in.NAME)
    has_sign_in = way is not None and bool(way.client(found).id or not way.setting)
    told = {"provider": plug_in.NAME, "auth_types": auth_types, "has_sign_in": has_sign_in}
    if kept is not None and kept.auth_type in auth_types:
        own = kept.model_dump(include={"auth_type", "hint", "created_at", "last_used_at"})
        return CredentialState.model_validate({**told, **own, "source": "own"})
    servers = _choosing.shared(user, plug_in)
    source = "server" if servers else "none"
    return CredentialState.model_validate(
        {**told, "auth_type": servers and servers.auth_type, "source": source}
    )


async def _entered(plug_in: PlugIn, new: NewCredential) -> Credential:
    secret = clean(new.secret.get_secret_value())
    kind = new.auth_type or ("service_account" if is_service_account(secret) else "api_key")
    if kind not in plug_in.auth_types(settings()):
        raise Invalid("credential_kind", provider=plug_in.NAME)
    if not secret:
        raise Invalid("key_malformed", provider=plug_in.NAME, setting=FIELD)
    if kind == "service_account":
        secret = await asyncio.to_thread(service_account, secret)
    place = new.model_dump(include={"project", "location"})
    return Credential(auth_type=kind, secret=SecretStr(secret), **place)


async def _require(user: User, plug_in: PlugIn, patient: Patient) -> None:
    """Go on only with what the provider takes."""
    try:
        failure = await _failure(patient)
    finally:
        await patient.close()
    await accounts.note_credential_test(user, plug_in.NAME, "new", failure or "ok")
    if failure in PASSING:
        raise Unavailable("credential_untested", provider=plug_in.NAME, kind=failure)
    if failure is not None:
        raise Invalid("credential_refused", provider=plug_in.NAME, kind=failure)


async def _failure(patient: Patient) -> ProviderErrorKind | None:
    """Why a provider does not take a credential, in bounded time; None when it does."""
    try:
        async with asyncio.timeout(PATIENCE):
            await patient.prove()
    except ProviderError as error:
        return error.kind
    except TimeoutError:
        return "network"
    return None
