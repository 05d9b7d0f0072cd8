"""Who serves a model: every module here without a leading underscore is one provider."""

import asyncio

from agent import accounts
from agent.config import settings
from agent.core.errors import Invalid
from agent.core.guests import persons_only
from agent.core.identity import User
from agent.core.provider import ModelEntry, Standing
from agent.providers import _credentials, _prices, _signing
from agent.providers._asking import Patient
from agent.providers._choosing import Usable, chosen, pool, usable
from agent.providers._credentials import CredentialState as CredentialState
from agent.providers._credentials import NewCredential as NewCredential
from agent.providers._credentials import Tested as Tested
from agent.providers._plug_ins import DEMO, PlugIn
from agent.providers._plug_ins import plug_ins as plug_ins
from agent.providers._signing import DevicePolled as DevicePolled
from agent.providers._signing import DeviceSignIn as DeviceSignIn

credentials = persons_only(_credentials.credentials)
credential = persons_only(_credentials.credential)
store_credential = persons_only(_credentials.store_credential)
remove_credential = persons_only(_credentials.remove_credential)
test_credential = persons_only(_credentials.test_credential)
begin_sign_in = persons_only(_signing.begin_sign_in)
finish_sign_in = persons_only(_signing.finish_sign_in)
begin_device_sign_in = persons_only(_signing.begin_device_sign_in)
poll_device_sign_in = persons_only(_signing.poll_device_sign_in)


async def models(user: User, *, patiently: bool = True) -> list[ModelEntry]:
    """The models this user can pick; a provider that does not answer offers those we know of.

    Args:
        user: who asks.
        patiently: whether to wait some seconds for lists that were never read.
    """
    await _prices.ready()
    async with asyncio.TaskGroup() as group:
        lists = [
            group.create_task(one.patient.catalogue.models(patiently=patiently)) for one in await usable(user)
        ]
    return [entry for listed in lists for entry in listed.result()]


async def health(user: User) -> list[Standing]:
    """How the providers fare that this user can ask."""
    return [_standing(one) for one in await usable(user)]


async def known(user: User, model: str) -> ModelEntry:
    """What is known of a model without asking anybody; any id of a provider is one.

    Raises:
        Invalid: nobody serves it, or the key is missing.
    """
    return (await _usable(user, model)).patient.catalogue.entry(model_name(model))


async def provider(user: User, model: str) -> Patient:
    """Who serves this model to this user.

    Raises:
        Invalid: nobody does, or the key is missing or cannot be opened.
    """
    found = await _usable(user, model)
    if found.kept is not None:
        await accounts.note_credential_use(found.kept)
    return found.patient


def require(model: str) -> PlugIn:
    """Whose model it is.

    Raises:
        Invalid: it is no model id.
    """
    prefix, _, name = model.partition(":")
    plug_in = plug_ins().get(prefix)
    if plug_in is None or not name or not name.isprintable() or name != name.strip():
        raise Invalid("model_unknown", model=model)
    return plug_in


def model_name(model: str) -> str:
    """The provider's own name of a model.

    >>> model_name("compatible:qwen3:8b")
    'qwen3:8b'
    """
    return model.partition(":")[2]


async def default_model(user: User) -> str:
    """The model of a session for which nobody picked one: the server's, else the first this user can ask.

    A person's own credentials come before the server's; the server's model counts where the user can ask it,
    or nothing else but the demo.
    """
    wanted = settings().maestro_default_model
    found = sorted(await usable(user), key=lambda one: one.kept is None)
    real = {one.plug_in.NAME: one.plug_in.KNOWN for one in found if one.plug_in.NAME != DEMO}
    if wanted and (not real or wanted.partition(":")[0] in {*real, DEMO}):
        return wanted
    return next((f"{name}:{known[0]}" for name, known in real.items() if known), f"{DEMO}:scripted")


async def close() -> None:
    """Close all connections."""
    await pool.close()


async def _usable(user: User, model: str) -> Usable:
    plug_in = require(model)
    await _prices.ready()
    found = await chosen(user, plug_in)
    if found is not None:
        return found
    if user.provider == "local":
        raise Invalid("key_missing", provider=plug_in.NAME, setting=plug_in.SETTING)
    raise Invalid("key_missing_here", provider=plug_in.NAME, setting=plug_in.SETTING)


def _standing(one: Usable) -> Standing:
    health = one.patient.health
    return Standing(provider=one.plug_in.NAME, failures=health.failures, rests_for=health.rests_for)
