"""The live session: what this process knows of a session, and the turn that runs in it here."""

import asyncio

import structlog

from agent.core.errors import Unavailable
from agent.core.events import Delta, Event, Snapshot
from agent.core.history import messages, still_counting
from agent.sessions import log, rows
from agent.sessions.stream.following import Following
from agent.sessions.turns.engine import Ended, Recorder, Run
from agent.sessions.turns.turn import Turn

RETRY = 1.0
"""Seconds until a session listens again after its database did not answer."""

logger = structlog.get_logger()


class LiveSession:
    """One session: its log in memory, and its turn while it runs in this process."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.turn: Turn | None = None
        """The turn that runs here."""
        self._events: dict[int, Event] = {}
        self._cursor = 0
        """Every event up to this number is known."""

    @property
    def is_working(self) -> bool:
        """Whether a turn runs here; such a session may not be forgotten."""
        return self.turn is not None

    async def refresh(self) -> None:
        """Learn what was stored since.

        Raises:
            Unavailable: the database does not answer, or an event is damaged.
        """
        for seq, event in await log.read(self.session_id, self._cursor):
            self._learn(seq, event)

    def snapshot(self) -> Snapshot | None:
        """What the model has said so far of the step that runs here."""
        speech = self.turn.speech if self.turn else None
        return speech.snapshot() if speech else None

    async def work(self, run: Run, recorder: Recorder, writer: str) -> tuple[Ended, Run | None]:
        """Run a turn, listening to what happens in the session meanwhile.

        Args:
            run: which one.
            recorder: remembers its steps.
            writer: the executor that does it.

        Returns:
            How it ended, and the turn that began with its end.

        Raises:
            NotFound: the session is gone.
            Unavailable: the database does not answer, or an event is damaged.
        """
        owner, _ = await asyncio.gather(rows.owner(self.session_id), self.refresh())
        counting = [event for _, event in still_counting(sorted(self._events.items()))]
        structlog.contextvars.bind_contextvars(user=owner[0].id)
        turn = self.turn = Turn(run, owner, recorder, writer)
        turn.know(counting)
        for event in self._events.values():
            turn.taint.hear(event)
        history = messages(event for event in counting if event.turn_id != run.turn_id)
        listening = asyncio.create_task(self._listen(turn))
        try:
            return await turn.run(history), turn.next
        finally:
            self.turn = None
            listening.cancel()
            await asyncio.wait({listening})

    async def _listen(self, turn: Turn) -> None:
        """Hear what people say to the session, in whatever process they say it."""
        while True:
            try:
                async with Following(self.session_id, self._cursor, live=False) as following:
                    async for seq, event in following:
                        if not isinstance(event, Delta | Snapshot) and seq and self._learn(seq, event):
                            turn.hear(event)
            except Unavailable as error:
                logger.warning("session cannot listen", session_id=self.session_id, reason=error.code)
                await asyncio.sleep(RETRY)

    def _learn(self, seq: int, event: Event) -> bool:
        """Take note of an event; False when it was known."""
        if seq in self._events:
            return False
        self._events[seq] = event
        while self._cursor + 1 in self._events:
            self._cursor += 1
        return True
