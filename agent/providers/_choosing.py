"""With which credential a person asks a provider: their own, else the server's where they may use it."""

from dataclasses import dataclass

from agent import accounts
from agent.accounts import Kept
from agent.config import Settings, settings
from agent.core.errors import Invalid, Unavailable
from agent.core.identity import User
from agent.core.provider import Credential, Provider
from agent.providers._asking import Patient
from agent.providers._catalogue import Catalogue
from agent.providers._checks import check_credential
from agent.providers._connection import SdkProvider
from agent.providers._health import Health
from agent.providers._plug_ins import PlugIn, plug_ins
from agent.providers._pool import EVERYBODY, Pool
from agent.providers._sign_in import WAYS

pool = Pool()


@dataclass(frozen=True)
class Usable:
    """A provider that somebody can ask, connected."""

    plug_in: PlugIn
    patient: Patient
    kept: Kept | None
    """Their own credential; None when it is the server's."""


async def usable(user: User) -> list[Usable]:
    """The providers that a person can ask; what cannot be used, as far as one can tell, is left out."""
    own = {kept.provider: kept for kept in reversed(await accounts.kept_credentials(user))}
    found: list[Usable] = []
    for plug_in in plug_ins().values():
        try:
            one = await _usable(user, plug_in, own.get(plug_in.NAME))
        except Invalid:
            continue
        found += [one] if one else []
    return found


async def chosen(user: User, plug_in: PlugIn) -> Usable | None:
    """With what a person asks a provider; None when they cannot.

    Raises:
        Invalid: the credential is none, or cannot be opened.
    """
    kept = await accounts.kept_credentials(user, plug_in.NAME) if plug_in.auth_types(settings()) else []
    return await _usable(user, plug_in, kept[0] if kept else None)


def shared(user: User, plug_in: PlugIn) -> Credential | None:
    """The server's own credential, if this person may use it; what is no key is for everybody."""
    found = settings()
    credential = plug_in.credential(found)
    if credential is None or not _is_key(credential):
        return credential
    who = {"everyone": True, "administrators": user.is_admin, "nobody": False}
    return credential if who[found.maestro_shared_keys] else None


def completed(plug_in: PlugIn, credential: Credential, found: Settings) -> Credential:
    """A person's credential with what is the server's to say: where it is sent, and who we are there."""
    update: dict[str, object] = {"base_url": plug_in.base_url(found)}
    way = WAYS.get(plug_in.NAME)
    if way is not None and credential.refresh_token:
        client = way.client(found)
        update |= {"token_url": way.token_url, "client_id": client.id, "client_secret": client.secret}
    return credential.model_copy(update=update)


def connect(plug_in: PlugIn, credential: Credential, kept: Kept | None = None) -> Patient:
    """A provider with a credential; nothing is sent yet.

    Raises:
        Invalid: it cannot be one.
    """
    check_credential(plug_in.NAME, plug_in.SETTING, credential)
    inner = plug_in.connect(credential)
    if kept is not None:
        _let_renew(inner, kept)
    return Patient(inner, Catalogue(plug_in, inner), Health())


async def _usable(user: User, plug_in: PlugIn, kept: Kept | None) -> Usable | None:
    if kept is not None and kept.auth_type in plug_in.auth_types(settings()):
        return Usable(plug_in, await _own(plug_in, kept), kept)
    await pool.drop(user.id, plug_in.NAME)
    credential = shared(user, plug_in)
    return Usable(plug_in, await _servers(plug_in, credential), None) if credential else None


async def _own(plug_in: PlugIn, kept: Kept) -> Patient:
    stamp = (kept.id, plug_in.base_url(settings()))
    if (patient := pool.get(kept.user_id, plug_in.NAME, stamp)) is not None:
        return patient
    try:
        opened = await accounts.open_credential(kept)
    except Unavailable as error:
        raise Invalid(error.code, **error.values) from error  # of this credential, not of the database
    patient = connect(plug_in, completed(plug_in, opened, settings()), kept)
    return await pool.put(kept.user_id, plug_in.NAME, stamp, patient)


async def _servers(plug_in: PlugIn, credential: Credential) -> Patient:
    if (patient := pool.get(EVERYBODY, plug_in.NAME, credential)) is not None:
        return patient
    return await pool.put(EVERYBODY, plug_in.NAME, credential, connect(plug_in, credential))


def _let_renew(provider: Provider, kept: Kept) -> None:
    if isinstance(provider, SdkProvider):
        provider.renew = accounts.Renewal(kept)


def _is_key(credential: Credential) -> bool:
    """Whether it opens what others could not open: a model server without a key is open anyway."""
    return credential.auth_type != "none" or bool(credential.project)
