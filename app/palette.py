"""What the palette finds beyond what its page knows: the places in a person's sessions."""

from dataclasses import dataclass, field
from typing import Annotated

import reflex as rx
from pydantic import Field

from agent import sessions, tooling
from agent.core.identity import User
from agent.sessions import Filters
from app.browsed import Piece, hit_shown
from app.state import asked
from app.words import UNNAMED

FEWEST = 2
"""Letters that are worth a search."""
MOST = 8
"""Places that are shown."""
OTHERS = frozenset(">@?")
"""Signs that ask for something else than sessions."""


@dataclass
class Found:
    """A place in a session."""

    href: str = ""
    name: str = ""
    pieces: list[Piece] = field(default_factory=list["Piece"])
    """What stands there, with what was found marked."""
    q: str = ""
    """The words it was found by."""


class PaletteState(rx.State):
    """What was found for the words in the palette."""

    found: list[Found] = []
    files: list[str] = []
    files_by: str = ""
    """The words the files were found by."""

    @rx.event
    @asked
    async def look(
        self,
        user: User,
        q: Annotated[str, Field(max_length=200)],
        session_id: Annotated[str, Field(max_length=200)],
    ) -> None:
        """Look in the person's own sessions, and for `@` in the files of the one that is open.

        `>` and `?` ask for what the page knows by itself.
        """
        wanted, sign = words(q), q.lstrip()[:1]
        if sign == "@" and session_id:
            session = await sessions.get(user, session_id)
            self.files = await tooling.completions(user, session, wanted.removeprefix("@"))
            self.files_by = q.strip()
        if sign in OTHERS or len(wanted) < FEWEST:
            self.found = []
            return
        hits, _ = await sessions.search(user, wanted, Filters(), "")
        self.found = [found(hit, q.strip()) for hit in hits[:MOST]]


def words(q: str) -> str:
    """What is looked for, without the sign that says where.

    >>> words("# milk "), words("milk")
    ('milk', 'milk')
    """
    return q.strip().removeprefix("#").strip()


def found(hit: sessions.Hit, q: str) -> Found:
    """A hit as the palette shows it."""
    shown = hit_shown(hit)
    return Found(shown.href, hit.session.name or UNNAMED, shown.pieces, q)
