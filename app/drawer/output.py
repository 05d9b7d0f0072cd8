"""All that a call gave back, where its card shows a part of it."""

from dataclasses import dataclass
from typing import Annotated

import reflex as rx
from pydantic import Field

from agent import sessions, tooling
from agent.core.identity import User
from app.drawer.files import address
from app.state import asked, bring_up
from app.words.drawer import PAGES_OF

PAGE = 40_000
"""Characters that come at once."""
MOST_PAGES = 10
"""Pages that are shown; what follows is in the file."""
Id = Annotated[str, Field(min_length=1, max_length=200)]


class OutputState(rx.State):
    """The output that the drawer shows."""

    call_id: str = ""
    """Whose it is; empty when none was asked for."""
    pages: list[str] = []
    note: str = ""
    has_more: bool = False
    is_cut: bool = False
    """Whether there is more than is ever shown."""
    url: str = ""
    """Where the whole can be fetched; empty where it is no file."""

    @rx.event
    @asked
    async def more(self, user: User, session_id: Id) -> None:
        """Show the next page."""
        if self.call_id and len(self.pages) < MOST_PAGES:
            await read(self, user, session_id, self.call_id, len(self.pages) + 1)


async def read(state: OutputState, user: User, session_id: str, call_id: str, pages: int = 1) -> None:
    """Show the first pages of what a call gave back."""
    session = await sessions.get(user, session_id)
    told = await sessions.result(user, session_id, call_id)
    text, place = await tooling.whole_output(user, session, told)
    found = paged(text, pages)
    length = sum(map(len, found.pages))
    bring_up(
        state,
        call_id=call_id,
        pages=found.pages,
        has_more=found.has_more,
        is_cut=found.is_cut,
        note=PAGES_OF.format(shown=f"{length:,}", all=f"{len(text):,}") if length < len(text) else "",
        url=address(session_id, place) if place else "",
    )


@dataclass(frozen=True)
class Paged:
    """The first pages of a text."""

    pages: list[str]
    has_more: bool
    """Whether another page can be asked for."""
    is_cut: bool


def paged(text: str, pages: int) -> Paged:
    """The first pages of a text.

    >>> paged("x" * 100_000, 1).has_more, paged("x" * 10, 1)
    (True, Paged(pages=['xxxxxxxxxx'], has_more=False, is_cut=False))
    """
    last = min(pages, MOST_PAGES)
    shown = [text[at * PAGE : (at + 1) * PAGE] for at in range(last) if text[at * PAGE :]]
    is_all = len(text) <= last * PAGE
    return Paged(shown, not is_all and last < MOST_PAGES, not is_all and last == MOST_PAGES)
