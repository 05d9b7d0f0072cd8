"""Following a session from a cursor: nothing lost, nothing twice, and what is being said right now."""

import asyncio
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Self

from agent.core.events import Delta, Event, Live, Noticed, Snapshot, StepFinished, TurnFinished, TurnStarted
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
        self._past = Past()
        self._stream = Stream()
        self._ready: list[Heard] = []
        self._caught_up = False
        self._asked_at = -SAFETY
        """When a snapshot was asked for that has not come; it may be asked for again after a while."""

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
        if await log.newest(self.session_id) > self.cursor:
            return await self._catch_up(self._subscription.take())
        return []

    async def _catch_up(self, taken: list[Heard]) -> list[Heard]:
        """Read what was stored, then join the live stream with a snapshot of what is being said."""
        self._caught_up = False  # and stays so when this is cancelled: then the next one begins anew
        stored: list[Heard] = []
        past = self._past.copy()
        if self.cursor and not past.is_known:
            past = Past(*await log.steps_of_open_turn(self.session_id, self.cursor))
        cursor, is_complete = self.cursor, False
        while not is_complete:
            stored += await log.read(self.session_id, cursor)
            cursor = (stored[-1][0] if stored else None) or cursor
            taken = [*taken, *self._subscription.take()]
            is_complete = not _has_gap(taken, cursor)
        # From the last read to the return nothing awaits: the snapshot includes every delta taken.
        self.cursor, self._past = cursor, past
        for _, event in stored:
            past.learn(event)
        later = [heard for heard in taken if self._is_next(heard) or _is_live_notice(heard)]
        snapshot = self._snapshot() if self._live else None
        self._caught_up = True
        self._subscription.behind = False
        self._stream = Stream()
        if snapshot and not self._past.includes(snapshot) and self._stream.follows(snapshot):
            return [*stored, *later, (None, snapshot)]
        if self._live and snapshot is None:
            self._ask()
        return [*stored, *later]

    async def _fresh(self, taken: list[Heard]) -> list[Heard]:
        if self._subscription.behind or _has_gap(taken, self.cursor) or self._lacks_events(taken):
            return await self._catch_up(taken)
        return [heard for heard in taken if self._is_next(heard) or self._is_heard(heard)]

    def _lacks_events(self, taken: list[Heard]) -> bool:
        """Whether something was said after events that are not here."""
        past = self._past.copy()
        for seq, event in taken:
            if seq is None and past.is_before(event):
                return True
            if seq is not None and seq > self.cursor:
                past.learn(event)
        return False

    def _is_next(self, heard: Heard) -> bool:
        seq = heard[0]
        if seq is None or seq <= self.cursor:
            return False
        self.cursor = seq
        self._past.learn(heard[1])
        return True

    def _is_heard(self, heard: Heard) -> bool:
        """Whether something live is handed out: deltas only where they follow what was said before."""
        seq, event = heard
        if seq is not None:
            return False
        if not isinstance(event, Delta | Snapshot):
            return True
        if self._past.includes(event):
            return False
        if self._stream.follows(event):
            self._asked_at = -SAFETY
            return True
        if self._stream.has_gap and monotonic() - self._asked_at >= SAFETY:
            self._ask()
        return False

    def _ask(self) -> None:
        self._asked_at = monotonic()
        bus.want(self.session_id)


class Past:
    """What of the live stream is stored already: over a wire it may come later than the end of its step."""

    def __init__(self, turn_id: str | None = None, steps: int = 0, ended: str = "") -> None:
        self._turn_id = turn_id
        self._steps = steps
        """Of the open turn, so many are finished."""
        self._ended = ended
        """The turn that ended last."""

    @property
    def is_known(self) -> bool:
        """Whether it was said which turn is open."""
        return self._turn_id is not None

    def copy(self) -> "Past":
        """The same, to go on from."""
        return Past(self._turn_id, self._steps, self._ended)

    def learn(self, event: Event | Live) -> None:
        """Take note of what is stored, one event after the other."""
        match event:
            case TurnStarted():
                self._turn_id, self._steps = event.turn_id, 0
            case StepFinished() if event.turn_id == self._turn_id:
                self._steps += 1
            case TurnFinished():
                self._turn_id, self._ended = "", event.turn_id
            case _:
                pass

    def is_before(self, said: Event | Live) -> bool:
        """Whether events are missing that were stored before this was said: it must not be shown before them.

        >>> past = Past("t", 1)
        >>> said = [Snapshot(turn_id=turn_id, step=step) for turn_id, step in (("t", 1), ("t", 2), ("u", 0))]
        >>> [past.is_before(each) for each in said]
        [False, True, True]
        """
        if not isinstance(said, Delta | Snapshot) or not said.turn_id:
            return False
        if said.turn_id == self._turn_id:
            return said.step > self._steps
        return said.turn_id != self._ended

    def includes(self, said: Delta | Snapshot) -> bool:
        """Whether this belongs to a step that is finished.

        >>> past = Past("t", 1)
        >>> past.includes(Snapshot(turn_id="t", step=0)), past.includes(Snapshot(turn_id="t", step=1))
        (True, False)
        """
        if said.turn_id == self._turn_id:
            return said.step < self._steps
        return said.turn_id == self._ended and bool(self._ended)


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
        is_same_turn = said.turn_id == self._speaks[0]  # ids of turns need not sort: clocks differ
        if is_same_turn and (speaks, said.index) <= (self._speaks, self._index):
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
