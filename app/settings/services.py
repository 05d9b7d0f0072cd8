"""The section of services that agents call by their OpenAPI descriptions."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

import reflex as rx
from pydantic import Field

from agent import tooling
from agent.core.identity import User
from app.settings.said import say
from app.state import asked
from app.words.settings import (
    BASIC_HINT,
    KEY_ENDS,
    LEFT_OUT,
    REMOVED,
    SERVICE_READ,
    ago,
    exactly,
    joined,
    operations,
)

Id = Annotated[str, Field(min_length=1, max_length=36)]


@dataclass
class SchemeShown:
    """A way to sign in that a service knows."""

    name: str = ""
    field: str = ""
    """Of the form."""
    told: str = ""
    hint: str = ""
    """How it is written."""


@dataclass
class ServiceShown:
    """A service in words; never with a credential."""

    id: str = ""
    name: str = ""
    title: str = ""
    server: str = ""
    notes: str = ""
    times: str = ""
    is_enabled: bool = True
    is_fetched: bool = False
    """Whether its description came from an address, and can be read again."""
    schemes: list[SchemeShown] = field(default_factory=list["SchemeShown"])
    credential: str = ""
    """How its credential ends."""


class ServicesState(rx.State):
    """The person's services."""

    services: list[ServiceShown] = []

    @rx.event
    @asked
    async def look(self, user: User) -> None:
        """Read them anew."""
        await self._look(user)

    @rx.event
    @asked
    async def switch(self, user: User, service_id: Id, on: bool) -> None:  # noqa: FBT001  as the page sends it
        """Let agents call a service, or not."""
        await tooling.change_service(user, service_id, tooling.ServiceChanges(is_enabled=on))
        await self._look(user)

    @rx.event
    @asked
    async def read_again(self, user: User, service_id: Id) -> None:
        """Fetch a service's description again from where it came."""
        found = await tooling.change_service(user, service_id, tooling.ServiceChanges(is_fetched=True))
        await self._look(user)
        await say(self, SERVICE_READ.format(name=found.name))

    @rx.event
    @asked
    async def remove(self, user: User, service_id: Id) -> None:
        """Remove a service and its credentials."""
        await tooling.remove_service(user, service_id)
        await self._look(user)
        await say(self, REMOVED.format(what="The service"))

    async def _look(self, user: User) -> None:
        self.services = services_shown(await tooling.services(user), datetime.now(UTC))


def services_shown(services: Iterable[tooling.OpenapiService], now: datetime) -> list[ServiceShown]:
    """The services as the page shows them."""
    return [_shown(one, now) for one in services]


def _shown(one: tooling.OpenapiService, now: datetime) -> ServiceShown:
    left_out = LEFT_OUT.format(count=len(one.left_out)) if one.left_out else ""
    read = f"read {ago(one.fetched_at, now)}"
    return ServiceShown(
        id=one.id,
        name=one.name,
        title=joined([one.title, one.version]),
        server=one.server,
        notes=joined([operations(one.operations), left_out, read]),
        times=exactly(one.fetched_at),
        is_enabled=one.is_enabled,
        is_fetched=bool(one.url),
        schemes=[_scheme(name, scheme) for name, scheme in one.schemes.items()],
        credential=_credential(one),
    )


def _scheme(name: str, scheme: tooling.SchemeOffer) -> SchemeShown:
    hint = BASIC_HINT if scheme.kind == "basic" else ""
    return SchemeShown(name=name, field=f"credentials.{name}", told=scheme.told, hint=hint)


def _credential(one: tooling.OpenapiService) -> str:
    if not one.has_credentials:
        return ""
    return KEY_ENDS.format(hint=one.hint) if one.hint else "set"
