"""The wire between processes: what is published in one reaches the followers in the others over Redis."""

import asyncio
import secrets
from collections import Counter, defaultdict, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import structlog
from pydantic import ValidationError
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from agent.core.errors import Unavailable
from agent.sessions.stream.bus import Bus, Heard
from agent.sessions.stream.frames import Entry, channel_of, entries_in, frame, is_from

FRAME_EVERY = 0.02
"""Seconds in which what is sent is collected; the first after a pause leaves at once."""
MOST_WAITING = 5_000
"""Entries that wait to be sent; beyond that the oldest is lost."""
ANSWER_WITHIN = 2.0
"""Seconds; a server that needs longer counts as lost."""
QUIET = 5.0
"""Seconds without a word after which the server is asked whether it is there."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two attempts to connect."""

logger = structlog.get_logger()


class RedisWire:
    """Two connections, one that publishes and one that is subscribed; when one fails, both are made anew.

    Nothing is sent twice. What is lost meanwhile, followers see as a gap and read from the database.
    """

    def __init__(self, url: str, bus: Bus) -> None:
        self._url = url
        self._bus = bus
        self._id = secrets.token_hex(8)
        self._outgoing: deque[Entry] = deque(maxlen=MOST_WAITING)
        self._has_outgoing = asyncio.Event()
        self._listeners: Counter[str] = Counter()
        self._listeners_changed = asyncio.Event()
        self._subscribed: set[str] = set()
        self._settled = asyncio.Event()
        self._is_cut = True
        self._saw_nonsense = False
        self._holding: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, and stay connected until it is closed.

        Raises:
            Unavailable: Redis does not answer, or does not let us in.
        """
        try:
            async with self._connection():
                self._is_cut = False
        except (RedisError, OSError, ValueError) as error:
            raise Unavailable("redis", reason=_reason(error)) from error
        self._holding = asyncio.create_task(self._hold())

    async def close(self) -> None:
        """Carry nothing more; what still waits is lost."""
        if self._holding:
            self._holding.cancel()
            await asyncio.wait({self._holding})
            if not self._holding.cancelled():
                self._holding.result()

    def send(self, session_id: str, heard: Heard | None) -> None:
        """Let it leave with the next frame."""
        seq, event = heard or (None, None)
        self._outgoing.append((session_id, seq, event))
        self._has_outgoing.set()

    async def listen(self, session_id: str) -> None:
        """Return when Redis has confirmed it; without Redis at once, and it counts when Redis is back."""
        channel = channel_of(session_id)
        self._listeners[channel] += 1
        self._listeners_changed.set()
        try:
            while not self._is_cut and channel not in self._subscribed:
                await self._settled.wait()
        except asyncio.CancelledError:
            await self.ignore(session_id)
            raise

    async def ignore(self, session_id: str) -> None:
        """Take one `listen` back."""
        channel = channel_of(session_id)
        self._listeners[channel] = max(0, self._listeners[channel] - 1)
        self._listeners_changed.set()

    async def _hold(self) -> None:
        """Hold the line, and make it anew when it is lost."""
        task = cast("asyncio.Task[None]", asyncio.current_task())
        pause = SHORTEST_PAUSE
        try:
            while True:
                try:
                    await self._carry()
                except* (RedisError, OSError) as lost:
                    if not self._is_cut:
                        pause = SHORTEST_PAUSE
                        logger.warning("redis_lost", reason=_reason(lost.exceptions[0]))
                self._cut()
                if task.cancelling():  # a TaskGroup that fails just then loses it on Python 3.11
                    return
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        finally:
            self._cut()

    async def _carry(self) -> None:
        """Connect, and use the connections until one of them fails."""
        answers: asyncio.Queue[None] = asyncio.Queue()
        async with self._connection() as out, self._connection() as into, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publish(out))
            tasks.create_task(self._subscribe(into, answers))
            await self._read(into, answers)

    def _cut(self) -> None:
        self._is_cut = True
        self._subscribed = set()
        self._settle()

    def _settle(self) -> None:
        """Wake who waits for a subscription."""
        settled, self._settled = self._settled, asyncio.Event()
        settled.set()

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[AbstractConnection]:
        # Not redis.asyncio's client, which connects again by itself, so that nobody knows of the gap;
        # nor its timeouts, whose `wait_for` can swallow a cancellation on Python 3.11.
        pool = ConnectionPool.from_url(self._url, protocol=2)  # pyright: ignore[reportUnknownMemberType]  its own
        connection = pool.make_connection()
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await connection.connect()
                # Shows now what would show later: no right to publish, a server that accepts and hangs.
                await connection.send_command("PUBLISH", "maestro:hello", self._id)
                await connection.read_response()
            yield connection
        finally:
            await connection.disconnect(nowait=True)

    async def _publish(self, connection: AbstractConnection) -> None:
        while True:
            await self._has_outgoing.wait()
            self._has_outgoing.clear()
            commands = self._commands()
            async with asyncio.timeout(ANSWER_WITHIN):
                await connection.send_packed_command(connection.pack_commands(commands))
                for _ in commands:
                    await connection.read_response()
            await asyncio.sleep(FRAME_EVERY)

    def _commands(self) -> list[tuple[str, str, bytes]]:
        """One for each channel that something waits for."""
        entries: dict[str, list[Entry]] = defaultdict(list)
        while self._outgoing:
            entry = self._outgoing.popleft()
            entries[channel_of(entry[0])].append(entry)
        return [("PUBLISH", channel, frame(self._id, waiting)) for channel, waiting in entries.items()]

    async def _subscribe(self, connection: AbstractConnection, answers: asyncio.Queue[None]) -> None:
        """Be subscribed to what is listened to, and to nothing else."""
        while True:
            self._listeners_changed.clear()
            wanted = set(+self._listeners)
            left, new = self._subscribed - wanted, wanted - self._subscribed
            self._subscribed -= left
            for command, channels in (("UNSUBSCRIBE", left), ("SUBSCRIBE", new)):
                if channels:
                    async with asyncio.timeout(ANSWER_WITHIN):
                        await connection.send_command(command, *channels)
                        for _ in channels:
                            await answers.get()
            self._subscribed = wanted
            self._settle()
            if self._is_cut:
                self._is_cut = False
                logger.info("redis_back")
                self._bus.miss()
            await self._listeners_changed.wait()

    async def _read(self, connection: AbstractConnection, answers: asyncio.Queue[None]) -> None:
        was_asked = False
        while True:
            answer = cast("list[object] | bytes | None", await connection.read_response(timeout=QUIET))
            if answer is None:
                if was_asked:
                    raise TimeoutError(f"Redis has said nothing for {2 * QUIET} seconds")
                await connection.send_command("PING")
            was_asked = answer is None
            match answer:
                case [b"message", _, bytes(sent)]:
                    self._hear(sent)
                case [b"subscribe" | b"unsubscribe", *_]:
                    answers.put_nowait(None)
                case _:  # it answered our PING
                    pass

    def _hear(self, sent: bytes) -> None:
        if is_from(self._id, sent):
            return
        try:
            entries = entries_in(sent)
        except ValidationError as error:
            if not self._saw_nonsense:
                self._saw_nonsense = True
                logger.warning("redis_frame_unreadable", reason=error.errors()[0]["msg"])
            return
        for session_id, seq, event in entries:
            self._bus.deliver(session_id, None if event is None else (seq, event))


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
