"""Who serves a model: every module here without a leading underscore is one provider."""

import asyncio
import pkgutil
import time
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from agent.config import Settings, settings
from agent.core.errors import Invalid, ProviderError
from agent.core.identity import User
from agent.core.provider import Credential, ModelEntry, Provider

DEMO = "demo"
LIST_WAIT = 8.0
"""Seconds a provider's own list may take."""
LIST_AGE = 600.0
"""Seconds a list is good for."""
RETRY_AGE = 30.0
"""Seconds until a provider that did not answer is asked for its list again."""


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


_connected: dict[tuple[str, Credential], Provider] = {}
_listed: dict[tuple[str, Credential], tuple[float, list[ModelEntry]]] = {}
"""Lists with the time until which they are good."""


@cache
def plug_ins() -> dict[str, PlugIn]:
    """All providers by their prefix; the demo last."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    modules = [import_module(f"{__name__}.{name}") for name in names]
    # A module is one provider, unless it says that it holds several.
    found = [cast("PlugIn", one) for module in modules for one in getattr(module, "PLUG_INS", (module,))]
    return {plug_in.NAME: plug_in for plug_in in sorted(found, key=lambda found: found.NAME == DEMO)}


async def models(user: User) -> list[ModelEntry]:
    """The models this user can pick; a provider that does not answer offers those we know of."""
    async with asyncio.TaskGroup() as group:
        lists = [
            group.create_task(_models(plug_in, credential))
            for plug_in in plug_ins().values()
            if (credential := _credential(user, plug_in))
        ]
    return [entry for listed in lists for entry in listed.result()]


async def provider(user: User, model: str) -> Provider:
    """Who serves this model to this user.

    Raises:
        Invalid: nobody does, or the key is missing.
    """
    prefix, _, name = model.partition(":")
    plug_in = plug_ins().get(prefix)
    if plug_in is None or not name:
        raise Invalid("model_unknown", model=model)
    credential = _credential(user, plug_in)
    if credential is None:
        raise Invalid("key_missing", provider=prefix, setting=plug_in.SETTING)
    return _connect(plug_in, credential)


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
    _listed.clear()
    for connected in open_ones:
        await connected.close()


def _credential(user: User, plug_in: PlugIn) -> Credential | None:  # noqa: ARG001 - so far all share the server's
    return plug_in.credential(settings())


def _connect(plug_in: PlugIn, credential: Credential) -> Provider:
    key = (plug_in.NAME, credential)
    if key not in _connected:
        _connected[key] = plug_in.connect(credential)
    return _connected[key]


async def _models(plug_in: PlugIn, credential: Credential) -> list[ModelEntry]:
    key = (plug_in.NAME, credential)
    until, entries = _listed.get(key, (0.0, []))
    if time.monotonic() < until:
        return entries
    age = LIST_AGE
    try:
        async with asyncio.timeout(LIST_WAIT):
            entries = await _connect(plug_in, credential).models()
    except (ProviderError, TimeoutError):
        age = RETRY_AGE
        entries = [ModelEntry(id=f"{plug_in.NAME}:{name}", name=name) for name in plug_in.KNOWN]
    _listed[key] = (time.monotonic() + age, entries)
    return entries
