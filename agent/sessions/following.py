"""Following a session from a cursor: nothing lost, nothing twice, and what is being said right now."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from agent.core.events import Noticed, Snapshot
from agent.sessions import log
from agent.sessions.bus import Heard, bus


class Following:
    """The events of a session after a number, then everything that happens in it.

    Iterate it for one after the other, or ask `batch` for all that is here; enter it as a context so that
    it is left when you are done.
    """

    def __init__(self, session_id: str, after: int, snapshot: Callable[[], Snapshot | None]) -> None:
        self.session_id = session_id
        self.cursor = after
        """The number of the newest durable event handed out."""
        self._snapshot = snapshot
        self._subscription = bus.subscribe(session_id)
        self._ready: list[Heard] = []
        self._caught_up = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

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
                await self._subscription.news()
                heard = await self._fresh(self._subscription.take())
            if heard:
                return heard

    def leave(self) -> None:
        """Follow no more."""
        bus.leave(self._subscription)

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
        snapshot = self._snapshot()
        self._caught_up = True
        self._subscription.behind = False
        return [*stored, *later, *([(None, snapshot)] if snapshot else [])]

    async def _fresh(self, taken: list[Heard]) -> list[Heard]:
        if self._subscription.behind or _has_gap(taken, self.cursor):
            return await self._catch_up(taken)
        return [heard for heard in taken if heard[0] is None or self._is_next(heard)]

    def _is_next(self, heard: Heard) -> bool:
        seq = heard[0]
        if seq is None or seq <= self.cursor:
            return False
        self.cursor = seq
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
