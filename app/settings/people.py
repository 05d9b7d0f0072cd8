"""The section of people: who is known here, for administrators alone."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import reflex as rx
from pydantic import Field

from agent import accounts
from agent.core.identity import User
from app.state import asked
from app.words.settings import exactly, hidden, joined, seen

Id = Annotated[str, Field(min_length=1, max_length=36)]
MOST = 200
"""People that are shown; the others are found by the API."""


@dataclass
class PersonShown:
    """Somebody in words."""

    id: str = ""
    name: str = ""
    notes: str = ""
    times: str = ""
    is_admin: bool = False
    is_you: bool = False


class PeopleState(rx.State):
    """Everybody who is known here; empty for all but administrators."""

    people: list[PersonShown] = []
    more: str = ""

    @rx.event
    @asked
    async def look(self, user: User) -> None:
        """Read them anew."""
        await self._look(user)

    @rx.event
    @asked
    async def appoint(self, user: User, user_id: Id, on: bool) -> None:  # noqa: FBT001  as the page sends it
        """Make somebody an administrator, or no longer."""
        await accounts.change_user(user, user_id, is_admin=on)
        await self._look(user)

    async def _look(self, user: User) -> None:
        self.people, self.more = [], ""
        now, found = datetime.now(UTC), await accounts.users(user)
        self.people = [person_shown(person, user.id, now) for person in found[:MOST]]
        self.more = hidden(len(found) - MOST)


def person_shown(person: accounts.Person, own: str, now: datetime) -> PersonShown:
    """Somebody as the page shows them."""
    return PersonShown(
        id=person.id,
        name=person.name or person.email,
        notes=joined([person.email, seen(person.last_used_at, now)]),
        times=joined([exactly(person.created_at), exactly(person.last_used_at)]),
        is_admin=person.is_admin,
        is_you=person.id == own,
    )
