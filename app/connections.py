"""Open sockets and event streams: they end when the right to them has ended, or when too much comes in."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TypeVar

import structlog
from starlette.types import Message, Receive, Send

from agent import accounts
from agent.core.errors import LimitReached, MaestroError, NotSignedIn
from agent.core.identity import Principal

LOOK_EVERY = 1.0
"""Seconds between two looks at who may still listen; asked for all of them at once."""
MOST_OPEN = 200
"""Sockets and streams that one user may have open in this process."""
BURST, SUSTAINED = 200, 50.0
"""Messages that a socket may send at once, and each second for as long as it likes."""
GOODBYE = 1.0
"""Seconds a client has to take the last word."""
POLICY_VIOLATION = 1008

T = TypeVar("T")
logger = structlog.get_logger()


class Line:
    """A socket or a stream while it is open."""

    def __init__(self, principal: Principal, token_hash: str) -> None:
        self.principal = principal
        self.token_hash = token_hash
        self.ended = asyncio.Event()
        """Set when the right to it has ended."""

    def judge(self, now: Principal | None) -> None:
        """End it, when nobody asks with its token any more or what they may has become less."""
        before = self.principal
        if (
            now is None
            or now.user.id != before.user.id
            or (before.user.is_admin and not now.user.is_admin)
            or not set(before.scopes) <= set(now.scopes)
        ):
            self.ended.set()


_lines: set[Line] = set()


@contextmanager
def opened(principal: Principal, token_hash: str) -> Generator[Line, None, None]:
    """Take notice of a socket or a stream for as long as it is open.

    Raises:
        LimitReached: its user has too many of them.
    """
    if sum(line.principal.user.id == principal.user.id for line in _lines) >= MOST_OPEN:
        raise LimitReached("too_many_open", most=MOST_OPEN)
    line = Line(principal, token_hash)
    _lines.add(line)
    try:
        yield line
    finally:
        _lines.discard(line)


@asynccontextmanager
async def watching() -> AsyncGenerator[None, None]:
    """Look after all that is open, until the end of the block."""
    watch = asyncio.create_task(_watch())
    try:
        yield
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


async def _watch() -> None:
    is_well = True
    while True:
        await asyncio.sleep(LOOK_EVERY)
        try:
            await look()
            is_well = True
        except MaestroError as error:
            if is_well:
                logger.warning("nobody knows who may still listen", reason=error.code)
            is_well = False


async def look() -> None:
    """End what may be open no longer."""
    lines = list(_lines)
    if lines:
        known = await accounts.still_known({line.token_hash for line in lines})
        for line in lines:
            line.judge(known.get(line.token_hash))


async def until_ended(line: Line, events: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """What comes, for as long as there is a right to it.

    Raises:
        NotSignedIn: the right has ended.
    """
    with _waiting(line.ended.wait()) as ended:
        while True:
            with _waiting(anext(events)) as coming:
                await asyncio.wait({coming, ended}, return_when=asyncio.FIRST_COMPLETED)
                if ended.done():
                    raise NotSignedIn
                try:
                    event = coming.result()
                except StopAsyncIteration:
                    return
            yield event


@contextmanager
def _waiting(work: Awaitable[T]) -> Generator[asyncio.Future[T], None, None]:
    """Wait for something beside the rest, and no longer than the block lasts."""
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        task.cancel()


class Bucket:
    """Fills with time and is emptied by messages."""

    def __init__(self, moment: float) -> None:
        self._left, self._looked = float(BURST), moment

    def take(self, moment: float) -> bool:
        """Take one out; False when there is none.

        >>> bucket = Bucket(0.0)
        >>> sum(bucket.take(0.0) for _ in range(300)), sum(bucket.take(1.0) for _ in range(300))
        (200, 50)
        """
        self._left = min(float(BURST), self._left + (moment - self._looked) * SUSTAINED)
        self._looked = moment
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Socket:
    """A page's socket, as the application behind it sees it: it ends with the right to it."""

    def __init__(self, line: Line, receive: Receive, send: Send) -> None:
        self._line = line
        self._receive, self._send = receive, send
        self._bucket = Bucket(time.monotonic())
        self._is_over = False

    async def receive(self) -> Message:
        """What the page says; that it is gone, when it may say no more."""
        with _waiting(self._line.ended.wait()) as ended, _waiting(self._receive()) as coming:
            await asyncio.wait({coming, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                return await self._end("the right to a socket has ended")
            message = coming.result()
        if message["type"] == "websocket.receive" and not self._bucket.take(time.monotonic()):
            return await self._end("a socket sent too much")
        return message

    async def send(self, message: Message) -> None:
        """Tell the page, unless it may hear no more."""
        if not self._is_over and not self._line.ended.is_set():
            await self._send(message)

    async def _end(self, why: str) -> Message:
        if not self._is_over:
            self._is_over = True
            logger.info(why, user=self._line.principal.user.id)
            with suppress(TimeoutError):
                async with asyncio.timeout(GOODBYE):
                    await self._send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}
