"""What fills the window of the session's model, and how much room there is."""

from dataclasses import dataclass

import reflex as rx

from agent import sessions
from agent.core.filling import Filling, tokens
from agent.core.identity import User
from app.composing import ComposingState
from app.state import bring_up
from app.words import transcript
from app.words.drawer import ABOUT_USED, ABOUT_USED_OF, FILLING, NOT_COUNTED, PICTURES_TOO


@dataclass
class Share:
    """A part of what the model is sent."""

    source: str = ""
    what: str = ""
    tokens: str = ""
    percent: float = 0
    """Of the window, where that is known; else of all that is sent."""
    said: str = ""
    """The same in words."""


class ContextState(rx.State):
    """The shares that the drawer shows."""

    shares: list[Share] = []
    title: str = ""
    notes: list[str] = []


async def look(state: ContextState, user: User, session_id: str) -> None:
    """Read what the model would be sent, and how much it holds."""
    session = await sessions.get(user, session_id)
    windows = (await state.get_state(ComposingState)).windows
    found = await sessions.filled(user, session_id)
    bring_up(state, **shown(found, windows.get(session.model, 0)))


def shown(found: Filling, window: int) -> dict[str, object]:
    """What fills a window, as the State's values.

    >>> shown(Filling(characters={"prompts": 400}, used=100), 1000)["title"]
    'About 100 of 1k tokens, 10 %'
    """
    by_source = tokens(found.characters, found.used)
    total = sum(by_source.values())
    whole = window or total or 1
    used, of = transcript.tokens(total), transcript.tokens(window)
    words = ABOUT_USED_OF if window else ABOUT_USED
    notes = [NOT_COUNTED] * (not found.used) + [PICTURES_TOO] * found.has_pictures
    return {
        "shares": [
            _share(source, number, 100 * number / whole) for source, number in by_source.items() if number
        ],
        "title": words.format(used=used, of=of, percent=percent(100 * total / whole)),
        "notes": notes,
    }


def _share(source: str, number: int, share: float) -> Share:
    return Share(source, FILLING[source], transcript.tokens(number), min(100, share), percent(share))


def percent(share: float) -> str:
    """A share in words.

    >>> percent(0), percent(0.3), percent(12.4)
    ('0 %', 'under 1 %', '12 %')
    """
    return f"{share:.0f} %" if share >= 1 or not share else "under 1 %"
