"""The live side of a session: what happens reaches every follower, here at once, elsewhere over a wire."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Protocol

from agent.core.events import Delta, Event, Live

MOST_PENDING = 20_000
"""Deltas a slow follower may owe before it loses them and gets a snapshot instead."""

Heard = tuple[int | None, Event | Live]
"""An event with its number, or a live one without."""


class Wire(Protocol):
    """Carries what is published to other processes, and theirs to `Bus.deliver`. It may lose, never block."""

    def send(self, session_id: str, heard: Heard | None) -> None:
        """Carry what happened; None asks the process where the session's turn runs for a snapshot."""
        ...

    async def listen(self, session_id: str) -> None:
        """Hear of a session; what is sent after this returns is not missed."""
        ...

    async def ignore(self, session_id: str) -> None:
        """Hear of it no more."""
        ...

    async def close(self) -> None:
        """End."""
        ...


class Subscription:
    """One follower's share: what it has not taken yet."""

    def __init__(self, session_id: str, *, live: bool = True) -> None:
        self.session_id = session_id
        self.live = live
        """Whether deltas are wanted too."""
        self.pending: list[Heard] = []
        self.behind = False
        """Whether something was lost."""
        self._news = asyncio.Event()

    def hear(self, heard: Heard) -> None:
        """Take one more; the one who says it never waits."""
        if heard[0] is None and not self.live:
            return
        if len(self.pending) >= MOST_PENDING:
            self.pending = [kept for kept in self.pending if not isinstance(kept[1], Delta)]
            self.behind = True
        self.pending.append(heard)
        self._news.set()

    def miss(self) -> None:
        """Know that something was lost on the way."""
        self.behind = True
        self._news.set()

    def take(self) -> list[Heard]:
        """Everything that is here, now."""
        taken, self.pending = self.pending, []
        self._news.clear()
        return taken

    async def news(self) -> None:
        """Wait until there is something to take."""
        await self._news.wait()


class Bus:
    """Who follows which session."""

    def __init__(self) -> None:
        self.wire: Wire | None = None
        """The way to other processes; None while there are none."""
        self.answer_wanted: Callable[[str], None] = _nobody
        """Called when another process asks for a snapshot of a session."""
        self._followers: dict[str, set[Subscription]] = defaultdict(set)

    async def subscribe(self, session_id: str, *, live: bool = True) -> Subscription:
        """Hear of a session from this moment on."""
        subscription = Subscription(session_id, live=live)
        self._followers[session_id].add(subscription)
        if self.wire:
            try:
                await self.wire.listen(session_id)
            except BaseException:
                self._followers[session_id].discard(subscription)
                raise
        return subscription

    async def leave(self, subscription: Subscription) -> None:
        """Hear no more."""
        followers = self._followers[subscription.session_id]
        followers.discard(subscription)
        if not followers:
            del self._followers[subscription.session_id]
        if self.wire:
            await self.wire.ignore(subscription.session_id)

    async def close(self) -> None:
        """Speak with other processes no more."""
        wire, self.wire = self.wire, None
        if wire:
            await wire.close()

    def publish(self, session_id: str, seq: int | None, event: Event | Live) -> None:
        """Tell every follower of a session, wherever it is."""
        self.deliver(session_id, (seq, event))
        if self.wire:
            self.wire.send(session_id, (seq, event))

    def want(self, session_id: str) -> None:
        """Ask the process where the session's turn runs what is being said there."""
        if self.wire:
            self.wire.send(session_id, None)

    def deliver(self, session_id: str, heard: Heard | None) -> None:
        """Take what was published, here or elsewhere; None is a wish for a snapshot."""
        if heard is None:
            self.answer_wanted(session_id)
            return
        for subscription in self._followers.get(session_id, ()):
            subscription.hear(heard)

    def miss(self) -> None:
        """Let every follower know that the wire was cut: what was sent meanwhile is lost."""
        for followers in self._followers.values():
            for subscription in followers:
                subscription.miss()


def _nobody(_session_id: str) -> None:
    """Nothing runs here."""


bus = Bus()
