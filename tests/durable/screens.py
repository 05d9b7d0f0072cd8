"""A follower as a page is one: it loses its line, comes back to any replica, and goes on from there."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.durable.callers import BUSY, PAUSE, Caller
from tests.durable.records import Record

PATIENCE = 40.0
Speaks = tuple[str, int, int]
"""Turn, step and attempt."""


@dataclass
class Saying:
    """What the model is just saying, as far as this line has heard it."""

    speaks: Speaks = ("", -1, -1)
    index: int = -1
    text: str = ""


@dataclass
class Screen:
    """One follower of a session."""

    caller: Caller
    session: str
    rng: random.Random | None = None
    """Chance that cuts the line and picks the replica; None to stay until the server ends."""
    records: list[Record] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    lines: int = 0
    """How often it connected."""
    deltas: int = 0
    notices: list[str] = field(default_factory=list)
    """Codes of what was said of the moment and is not stored."""
    saying: Saying = field(default_factory=Saying)
    steps: dict[str, int] = field(default_factory=dict)
    """Steps that are finished, by turn; -1 when the turn is."""
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def cursor(self) -> int:
        return self.records[-1].seq if self.records else 0

    async def follow(self) -> None:
        """Follow until cancelled, whatever happens to the line."""
        while True:
            with suppress(httpx2.TransportError, TimeoutError):
                async with asyncio.timeout(self.rng and self.rng.uniform(0.1, 2.0)):
                    await self._line()

    async def until(self, wanted: Callable[[Record], bool], patience: float | None = PATIENCE) -> Record:
        """Wait for the first event that fits; it may have been heard already."""
        found: list[Record] = []
        place = 0

        def is_here() -> bool:
            nonlocal place
            found.extend(filter(wanted, self.records[place:]))
            place = len(self.records)
            return bool(found)

        await self.reaches(is_here, patience)
        return found[0]

    async def reaches(self, is_there: Callable[[], bool], patience: float | None = None) -> None:
        """Wait until something holds, looking each time something is heard."""
        async with asyncio.timeout(patience):
            while not is_there():
                async with self._news:
                    await self._news.wait()

    async def spoken(self, turn_id: str, step: int = 0) -> None:
        """Wait until the model is heard speaking."""
        await self.reaches(lambda: self.saying.speaks[:2] == (turn_id, step), PATIENCE)

    async def ended(self, turn_id: str, patience: float = PATIENCE) -> Record:
        """Wait for a turn's end."""
        return await self.until(lambda it: it.type == "TurnFinished" and it.turn_id == turn_id, patience)

    async def _line(self) -> None:
        server = await self.caller.someone(self.rng)
        self.lines += 1
        self.saying = Saying()
        by_header = bool(self.lines % 2)
        headers = {"last-event-id": str(self.cursor)} if by_header else {}
        url = f"{server}/sessions/{self.session}/events?after={0 if by_header else self.cursor}"
        async with self.caller.client.stream("GET", url, headers=headers) as answer:
            if answer.status_code == BUSY:
                await asyncio.sleep(PAUSE)
                return
            answer.raise_for_status()
            async for seq, kind, body in _sent(answer.aiter_lines()):
                self._hear(seq, kind, body)
                async with self._news:
                    self._news.notify_all()

    def _hear(self, seq: int | None, kind: str, body: dict[str, Any]) -> None:
        if seq is not None:
            self._keep(Record(seq, body))
        elif kind in {"Delta", "Snapshot"}:
            self._listen(kind, body)
        elif kind == "Noticed":
            self.notices.append(body["code"])

    def _keep(self, record: Record) -> None:
        if record.seq != self.cursor + 1:
            self.breaches.append(f"event {record.seq} came after {self.cursor}")
        self.records.append(record)
        if record.type == "StepFinished":
            self._compare(record)
            self.steps[record.turn_id] = self.steps.get(record.turn_id, 0) + 1
        if record.type == "TurnFinished":
            self.steps[record.turn_id] = -1

    def _compare(self, finished: Record) -> None:
        """What was shown live is how the finished step begins."""
        if self.saying.speaks[:2] == (finished.turn_id, self.steps.get(finished.turn_id, 0)):
            text = "".join(
                part["text"] for part in finished.body["message"]["parts"] if part["type"] == "Text"
            )
            if not text.startswith(self.saying.text):
                self.breaches.append(f"{finished.seq} says {text!r:.60}; live was {self.saying.text!r:.60}")

    def _listen(self, kind: str, body: dict[str, Any]) -> None:
        self.deltas += 1
        speaks = (body["turn_id"], body["step"], body["attempt"])
        finished = self.steps.get(speaks[0], 0)
        if body["index"] >= 0 and (finished < 0 or speaks[1] < finished):
            self.breaches.append(f"{kind} of {speaks} after that was finished ({finished})")
        if kind == "Snapshot":
            text = "".join(said["text"] for said in body["said"] if said["kind"] == "text")
            self.saying = Saying(speaks, body["index"], text)
            return
        begins = self.saying.index + 1 if speaks == self.saying.speaks else 0
        if body["index"] != begins:
            self.breaches.append(f"delta {body['index']} of {speaks} where {begins} was due")
        before = self.saying.text if speaks == self.saying.speaks else ""
        self.saying = Saying(speaks, body["index"], before + body["text"])


@asynccontextmanager
async def watching(
    caller: Caller, session: str, number: int = 1, rng: random.Random | None = None
) -> AsyncIterator[list[Screen]]:
    """Some followers of a session, all following until the end of the block."""
    screens = [Screen(caller, session, rng and _own(rng)) for _ in range(number)]
    following = [asyncio.create_task(screen.follow()) for screen in screens]
    try:
        yield screens
    finally:
        for task in following:
            task.cancel()
        await asyncio.wait(following)
    for task in following:
        if not task.cancelled():
            task.result()


def _own(rng: random.Random) -> random.Random:
    """Chance of its own, so that others do not change it."""
    return random.Random(rng.random())  # noqa: S311


async def _sent(lines: AsyncIterator[str]) -> AsyncIterator[tuple[int | None, str, dict[str, Any]]]:
    """Server-sent events, each when its last line has come."""
    fields: dict[str, str] = {}
    async for line in lines:
        name, _, value = line.partition(":")
        if name:
            fields[name] = value.strip()
        elif "data" in fields:
            seq = int(fields["id"]) if "id" in fields else None
            yield seq, fields.get("event", ""), json.loads(fields["data"])
            fields = {}
