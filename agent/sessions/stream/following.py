"""Following a session from a cursor: nothing lost, nothing twice, and what is being said right now."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from agent.core.events import Delta, Noticed, Snapshot
from agent.sessions import log
from agent.sessions.stream.bus import Heard, Subscription, bus

SAFETY = 5.0
"""Seconds without news after which the database is asked: what others tell may be lost on its way."""


class Following:
    """The events of a session after a number, then everything that happens in it.

    Enter it as a context, then iterate it for one after the other, or ask `batch` for all that is here.
    """

    def __init__(
        self,
        session_id: str,
        after: int,
        snapshot: Callable[[], Snapshot | None] = lambda: None,
        *,
        live: bool = True,
    ) -> None:
        self.session_id = session_id
        self.cursor = after
        """The number of the newest durable event handed out."""
        self._snapshot = snapshot
        """What is being said, when the turn runs in this process."""
        self._live = live
        self._subscription = Subscription(session_id)
        self._stream = Stream()
        self._ready: list[Heard] = []
        self._caught_up = False
        self._has_asked = False
        """Whether a snapshot is on its way, as far as one can know."""

    async def __aenter__(self) -> Self:
        self._subscription = await bus.subscribe(self.session_id, live=self._live)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await bus.leave(self._subscription)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Heard:
        if not self._ready:
            self._ready = await self.batch()
            self._ready.reverse()
        return self._ready.pop()

    async def batch(self) -> list[Heard]:
        """Wait until there is something, then give all that is there: never an empty list."""
        while True:
            if not self._caught_up:
                heard = await self._catch_up([])
            else:
                try:
                    async with asyncio.timeout(SAFETY):
                        await self._subscription.news()
                except TimeoutError:
                    heard = await self._missed()
                else:
                    heard = await self._fresh(self._subscription.take())
            if heard:
                return heard

    async def _missed(self) -> list[Heard]:
        """What nobody told."""
        self._has_asked = False
        if await log.newest(self.session_id) > self.cursor:
            return await self._catch_up(self._subscription.take())
        return []

    async def _catch_up(self, taken: list[Heard]) -> list[Heard]:
        """Read what was stored, then join the live stream with a snapshot of what is being said."""
        self._caught_up = False  # and stays so when this is cancelled: then the next one begins anew
        stored: list[Heard] = []
        cursor, is_complete = self.cursor, False
        while not is_complete:
            stored += await log.read(self.session_id, cursor)
            cursor = (stored[-1][0] if stored else None) or cursor
            taken = [*taken, *self._subscription.take()]
            is_complete = not _has_gap(taken, cursor)
        # From the last read to the return nothing awaits: the snapshot includes every delta taken.
        self.cursor = cursor
        later = [heard for heard in taken if self._is_next(heard) or _is_live_notice(heard)]
        snapshot = self._snapshot() if self._live else None
        self._caught_up = True
        self._subscription.behind = False
        self._stream = Stream()
        if snapshot is None:
            if self._live:
                bus.want(self.session_id)
            return [*stored, *later]
        self._stream.follows(snapshot)
        return [*stored, *later, (None, snapshot)]

    async def _fresh(self, taken: list[Heard]) -> list[Heard]:
        if self._subscription.behind or _has_gap(taken, self.cursor):
            return await self._catch_up(taken)
        return [heard for heard in taken if self._is_next(heard) or self._is_heard(heard)]

    def _is_next(self, heard: Heard) -> bool:
        seq = heard[0]
        if seq is None or seq <= self.cursor:
            return False
        self.cursor = seq
        return True

    def _is_heard(self, heard: Heard) -> bool:
        """Whether something live is handed out: deltas only where they follow what was said before."""
        seq, event = heard
        if seq is not None:
            return False
        if not isinstance(event, Delta | Snapshot):
            return True
        if self._stream.follows(event):
            self._has_asked = False
            return True
        if self._stream.has_gap and not self._has_asked:
            self._has_asked = True
            bus.want(self.session_id)
        return False


class Stream:
    """How far the live stream was heard: which turn, step and attempt speak, and the last delta of theirs."""

    def __init__(self) -> None:
        self._speaks: tuple[str, int, int] = ("", -1, -1)
        self._index: int = -1
        self.has_gap = False
        """Whether the delta asked about last follows others that never came."""

    def follows(self, said: Delta | Snapshot) -> bool:
        """Whether this comes next; then it counts as heard.

        >>> stream = Stream()
        >>> first = Delta(kind="text", text="Hel", index=0)
        >>> stream.follows(first), stream.follows(first), stream.has_gap
        (True, False, False)
        >>> stream.follows(Delta(kind="text", text="o", index=2)), stream.has_gap
        (False, True)
        """
        speaks = (said.turn_id, said.step, said.attempt)
        self.has_gap = False
        if speaks < self._speaks or (speaks == self._speaks and said.index <= self._index):
            return False
        begins = 0 if speaks != self._speaks else self._index + 1
        if isinstance(said, Delta) and said.index != begins:
            self.has_gap = True
            return False
        self._speaks, self._index = speaks, said.index
        return True


def _has_gap(taken: list[Heard], cursor: int) -> bool:
    expected = cursor + 1
    for seq, _ in taken:
        if seq is not None and seq >= expected:
            if seq > expected:
                return True
            expected += 1
    return False


def _is_live_notice(heard: Heard) -> bool:
    return heard[0] is None and isinstance(heard[1], Noticed)
