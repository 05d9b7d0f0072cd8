"""The live side of a session: what happens reaches every follower in this process at once."""

import asyncio
from collections import defaultdict

from agent.core.events import Delta, Event, Live

MOST_PENDING = 20_000
"""Deltas a slow follower may owe before it loses them and gets a snapshot instead."""

Heard = tuple[int | None, Event | Live]
"""An event with its number, or a live one without."""


class Subscription:
    """One follower's share: what it has not taken yet."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.pending: list[Heard] = []
        self.behind = False
        """Whether deltas were lost."""
        self._news = asyncio.Event()

    def hear(self, heard: Heard) -> None:
        """Take one more; the one who says it never waits."""
        if len(self.pending) >= MOST_PENDING:
            self.pending = [kept for kept in self.pending if not isinstance(kept[1], Delta)]
            self.behind = True
        self.pending.append(heard)
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
        self._followers: dict[str, set[Subscription]] = defaultdict(set)

    def subscribe(self, session_id: str) -> Subscription:
        """Hear of a session from this moment on."""
        subscription = Subscription(session_id)
        self._followers[session_id].add(subscription)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Hear no more."""
        followers = self._followers[subscription.session_id]
        followers.discard(subscription)
        if not followers:
            del self._followers[subscription.session_id]

    def publish(self, session_id: str, seq: int | None, event: Event | Live) -> None:
        """Tell every follower of a session."""
        for subscription in self._followers.get(session_id, ()):
            subscription.hear((seq, event))


bus = Bus()
