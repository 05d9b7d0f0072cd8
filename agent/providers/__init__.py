"""Who serves a model: every module here without a leading underscore is one provider."""

import asyncio
import pkgutil
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from agent.config import Settings, settings
from agent.core.errors import Invalid
from agent.core.identity import User
from agent.core.provider import Credential, ModelEntry, Provider, Standing
from agent.providers import _prices
from agent.providers._asking import Patient
from agent.providers._catalogue import Catalogue
from agent.providers._checks import check_credential
from agent.providers._health import Health

DEMO = "demo"


class PlugIn(Protocol):
    """What a module here has."""

    NAME: str
    SETTING: str
    """The setting that holds its key."""
    KNOWN: tuple[str, ...]
    """Models to offer when the provider's own list cannot be fetched, the best first."""
    ALIASES: dict[str, str]
    """A family's name and the pattern of its models, with their version in groups: the newest is meant."""

    def credential(self, settings: Settings) -> Credential | None:
        """The server's own credential."""
        ...

    def connect(self, credential: Credential) -> Provider:
        """A provider that uses this credential."""
        ...

    def describe(self, name: str) -> ModelEntry:
        """What we know of a model by its name alone."""
        ...


_connected: dict[tuple[str, Credential], Patient] = {}


@cache
def plug_ins() -> dict[str, PlugIn]:
    """All providers by their prefix; the demo last."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    modules = [import_module(f"{__name__}.{name}") for name in names]
    # A module is one provider, unless it says that it holds several.
    found = [cast("PlugIn", one) for module in modules for one in getattr(module, "PLUG_INS", (module,))]
    return {plug_in.NAME: plug_in for plug_in in sorted(found, key=lambda found: found.NAME == DEMO)}


async def models(user: User, *, patiently: bool = True) -> list[ModelEntry]:
    """The models this user can pick; a provider that does not answer offers those we know of.

    Args:
        user: who asks.
        patiently: whether to wait some seconds for lists that were never read.
    """
    await _prices.ready()
    async with asyncio.TaskGroup() as group:
        lists = [
            group.create_task(patient.catalogue.models(patiently=patiently)) for _, patient in _usable(user)
        ]
    return [entry for listed in lists for entry in listed.result()]


async def health(user: User) -> list[Standing]:
    """How the providers fare that this user can ask."""
    return [
        Standing(provider=plug_in.NAME, failures=patient.health.failures, rests_for=patient.health.rests_for)
        for plug_in, patient in _usable(user)
    ]


async def known(user: User, model: str) -> ModelEntry:
    """What is known of a model without asking anybody; any id of a provider is one.

    Raises:
        Invalid: nobody serves it, or the key is missing.
    """
    return (await provider(user, model)).catalogue.entry(model_name(model))


async def provider(user: User, model: str) -> Patient:
    """Who serves this model to this user.

    Raises:
        Invalid: nobody does, or the key is missing.
    """
    plug_in = require(model)
    await _prices.ready()
    credential = _credential(user, plug_in)
    if credential is None:
        raise Invalid("key_missing", provider=plug_in.NAME, setting=plug_in.SETTING)
    return _connect(plug_in, credential)


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


def default_model(settings: Settings) -> str:
    """The model of a session for which nobody picked one.

    >>> default_model(Settings(maestro_default_model="gemini:gemini-3.8-flash"))
    'gemini:gemini-3.8-flash'
    """
    configured = (
        plug_in for plug_in in plug_ins().values() if plug_in.KNOWN and plug_in.credential(settings)
    )
    return settings.maestro_default_model or next(f"{found.NAME}:{found.KNOWN[0]}" for found in configured)


async def close() -> None:
    """Close all connections."""
    open_ones = [*_connected.values()]
    _connected.clear()
    for connected in open_ones:
        await connected.close()


def _usable(user: User) -> list[tuple[PlugIn, Patient]]:
    """The providers this user has a credential for, as far as it can be one."""
    found: list[tuple[PlugIn, Patient]] = []
    for plug_in in plug_ins().values():
        with suppress(Invalid):
            if credential := _credential(user, plug_in):
                found.append((plug_in, _connect(plug_in, credential)))
    return found


def _credential(user: User, plug_in: PlugIn) -> Credential | None:  # noqa: ARG001 - so far all share the server's
    return plug_in.credential(settings())


def _connect(plug_in: PlugIn, credential: Credential) -> Patient:
    key = (plug_in.NAME, credential)
    if key not in _connected:
        check_credential(plug_in.NAME, plug_in.SETTING, credential)
        inner = plug_in.connect(credential)
        _connected[key] = Patient(inner, Catalogue(plug_in, inner), Health())
    return _connected[key]
