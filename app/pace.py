"""A slow tab sets the pace: it says what it has drawn, and is sent no more than it can draw."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import asyncio
from contextlib import suppress
from weakref import WeakValueDictionary

import reflex as rx

EVERY = 4
"""Flushes from one mark to the next: each mark costs a message from the tab."""
UNDRAWN = 2
"""Marks a tab may owe before it is waited for."""
PATIENCE = 0.25
"""Seconds a tab is waited for: a hidden one draws seldom, and must not fall behind for ever."""

OPENING = 5.0
"""Seconds that what can be done later waits for a tab that opens."""


class Pace:
    """Marks sent to one tab, and those it has drawn."""

    def __init__(self) -> None:
        self.mark = 0
        self.begun = asyncio.Event()
        """Set once the tab has drawn what it opened with."""
        self._drawn = 0
        self._flushes = 0
        self._news = asyncio.Event()

    def count(self) -> int:
        """Count a flush; gives the mark it carries."""
        self._flushes += 1
        if self._flushes % EVERY == 0:
            self.mark += 1
        return self.mark

    def want(self) -> None:
        """Let the next flush carry a mark."""
        self._flushes = EVERY - 1

    def draw(self, mark: int) -> None:
        """Take a tab's word that it has drawn a mark."""
        self._drawn = max(self._drawn, min(mark, self.mark))
        self._news.set()

    async def room(self) -> None:
        """Wait until the tab has drawn enough for more to be sent."""
        await self._owing(UNDRAWN - 1)

    async def drawn(self) -> None:
        """Wait until the tab has drawn every mark."""
        await self._owing(0)

    async def _owing(self, most: int) -> None:
        while self.mark - self._drawn > most:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), PATIENCE)
            except TimeoutError:
                self._drawn = self.mark


_paces: WeakValueDictionary[str, Pace] = WeakValueDictionary()


def pace_of(token: str) -> Pace:
    """A new pace for a tab; kept for as long as its follower holds it."""
    pace = _paces[token] = Pace()
    return pace


async def begun(token: str) -> None:
    """Wait until a tab has drawn what it opened with, or long enough."""
    pace = _paces.get(token)
    if pace is not None:
        with suppress(TimeoutError):
            await asyncio.wait_for(pace.begun.wait(), OPENING)


class PaceState(rx.State):
    """The newest mark of a tab."""

    mark: int = 0

    @rx.event(background=True)
    async def drawn(self, mark: int) -> None:
        """Hear from the tab; whoever sends a wrong mark only changes their own pace."""
        pace = _paces.get(self.router.session.client_token)
        if pace is not None and isinstance(mark, int):
            pace.draw(mark)


@rx.memo
def mark_drawn() -> rx.Component:
    """Says, once it is drawn, which mark was drawn."""
    return rx.el.span(on_mount=PaceState.drawn(PaceState.mark), hidden=True)


def marker() -> rx.Component:
    """The place in the page that is drawn anew with each mark."""
    return rx.fragment(rx.fragment(mark_drawn(), key=PaceState.mark))
