"""The models of one provider: its own list, kept and asked anew beside the work; else what we know."""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from agent.core.errors import ProviderError
from agent.core.provider import ModelEntry, Provider

LIST_WAIT = 8.0
"""Seconds somebody waits for a list that was never read; the request itself goes on."""
LIST_LIMIT = 60.0
"""Seconds a request for a list may take."""
LIST_AGE = 600.0
"""Seconds a list is good for; an older one is shown while a new one is fetched."""
RETRY_AGE = 30.0
"""Seconds until a provider that did not answer is asked for its list again."""

logger = structlog.get_logger()


class Described(Protocol):
    """Of a plug-in, what is known without asking."""

    NAME: str
    KNOWN: tuple[str, ...]
    ALIASES: dict[str, str]

    def describe(self, name: str) -> ModelEntry:
        """What we know of a model by its name alone."""
        ...


class Catalogue:
    """The models of a provider with one credential."""

    def __init__(self, plug_in: Described, provider: Provider) -> None:
        self._plug_in = plug_in
        self._provider = provider
        self._listed: dict[str, ModelEntry] = {}
        """By the provider's own names; empty until its list was read."""
        self._good_until = 0.0
        self._asking: asyncio.Task[None] | None = None

    async def models(self, *, patiently: bool = True) -> list[ModelEntry]:
        """What can be picked: the provider's models, then the aliases.

        Args:
            patiently: whether to wait for the first list; else what is known without it is given.
        """
        self.refresh()
        if patiently and not self._listed and self._asking is not None:
            await asyncio.wait([self._asking], timeout=LIST_WAIT)
        return [*self._entries.values(), *self._aliases()]

    def entry(self, name: str) -> ModelEntry:
        """What is known of a model, or of the one an alias means; asks nobody, and any name is one."""
        meant = self.meant(name)
        return self._entries.get(meant) or self._plug_in.describe(meant)

    def meant(self, name: str) -> str:
        """The provider's own name behind an alias; any other name is its own."""
        pattern = self._plug_in.ALIASES.get(name)
        return (newest(pattern, self._entries) or name) if pattern else name

    def refresh(self) -> None:
        """Ask for the list where it is old, beside whatever goes on."""
        is_asking = self._asking is not None and not self._asking.done()
        if not is_asking and time.monotonic() >= self._good_until:
            self._asking = asyncio.create_task(self._ask())

    async def close(self) -> None:
        """Stop asking."""
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.cancel()
            await asyncio.wait([asking])

    @property
    def _entries(self) -> Mapping[str, ModelEntry]:
        return self._listed or {name: self._plug_in.describe(name) for name in self._plug_in.KNOWN}

    def _aliases(self) -> list[ModelEntry]:
        prefix = self._plug_in.NAME
        meant = {alias: newest(pattern, self._entries) for alias, pattern in self._plug_in.ALIASES.items()}
        return [
            self._entries[name].model_copy(
                update={"id": f"{prefix}:{alias}", "name": alias, "stands_for": f"{prefix}:{name}"}
            )
            for alias, name in meant.items()
            if name
        ]

    async def _ask(self) -> None:
        age = RETRY_AGE
        try:
            async with asyncio.timeout(LIST_LIMIT):
                found = await self._provider.models()
        except (ProviderError, TimeoutError) as error:
            kind = error.kind if isinstance(error, ProviderError) else "network"
            logger.info("no list of models", provider=self._plug_in.NAME, kind=kind)
        else:
            self._listed = {one.id.partition(":")[2]: one for one in found}
            age = LIST_AGE
        self._good_until = time.monotonic() + age


def newest(pattern: str, names: Sequence[str] | Mapping[str, object]) -> str:
    r"""The name of the highest version among those that fit the pattern; empty when none fits.

    Args:
        pattern: matches a whole name, its version in groups of digits.
        names: the names there are.

    >>> newest(r"gemini-(\d+)(?:\.(\d+))?-flash", ["gemini-2.5-flash", "gemini-3-flash", "gemini-9-pro"])
    'gemini-3-flash'
    """
    matches = filter(None, (re.fullmatch(pattern, name) for name in names))
    versions = {match[0]: tuple(int(part or 0) for part in match.groups()) for match in matches}
    return max(versions, key=lambda name: versions[name], default="")
