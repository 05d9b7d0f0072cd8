"""The catalogue of providers: every module of this folder without a leading underscore is one."""

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from agent.config import Settings
from agent.core.provider import AuthType, Credential, ModelEntry, Provider

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

    def auth_types(self, settings: Settings) -> tuple[AuthType, ...]:
        """What people can bring of their own; nothing where the server's is all there is."""
        ...

    def base_url(self, settings: Settings) -> str:
        """Where it is asked, whoever asks; empty for its own address."""
        ...

    def connect(self, credential: Credential) -> Provider:
        """A provider that uses this credential."""
        ...

    def describe(self, name: str) -> ModelEntry:
        """What we know of a model by its name alone."""
        ...


@cache
def plug_ins() -> dict[str, PlugIn]:
    """All providers by their prefix; the demo last."""
    package = __name__.rpartition(".")[0]
    names = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    modules = [import_module(f"{package}.{name}") for name in names if not name.startswith("_")]
    # A module is one provider, unless it says that it holds several.
    found = [cast("PlugIn", one) for module in modules for one in getattr(module, "PLUG_INS", (module,))]
    return {plug_in.NAME: plug_in for plug_in in sorted(found, key=lambda found: found.NAME == DEMO)}
