"""A session to take away: as JSON with all that happened, or as Markdown to read."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from agent.core.events import (
    CheckpointRestored,
    Event,
    PromptSteered,
    StepFinished,
    ToolCallFinished,
    TurnStarted,
)
from agent.core.history import still_counting
from agent.core.identity import Session, User
from agent.core.messages import Part, Text, ToolCall
from agent.core.search_query import words
from agent.core.transcript import prompt_text
from agent.sessions import log, rows
from agent.sessions.browsing import require_few
from agent.store.columns import now

BATCH = 200
"""Events that are in memory at once."""

Form = Literal["markdown", "json"]


@dataclass(frozen=True)
class Export:
    """A file to take away, in pieces that are read one after the other."""

    name: str
    pieces: AsyncIterator[bytes]


async def export(user: User, session_id: str, form: Form) -> Export:
    """A session as a file, as long as it was when this was called.

    Raises:
        NotFound: there is none, or it is another's.
    """
    session = await rows.session(user, session_id)
    return Export(file_name(session, form), _written(session, form))


async def export_all(user: User, session_ids: Sequence[str], form: Form) -> Export:
    """Several sessions as one archive (ZIP), a file for each in the order of their ids.

    Raises:
        NotFound: one is not there, or another's.
        LimitReached: they are too many at once.
    """
    found = [await rows.session(user, session_id) for session_id in require_few(session_ids)]
    return Export(f"sessions-{now():%Y-%m-%d}.zip", _zipped(found, form))


class _Bytes(io.RawIOBase):
    """What was written since it was taken last: an archive is sent while it is made."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any, /) -> int:
        self._pieces.append(bytes(piece))
        return len(self._pieces[-1])

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


async def _zipped(sessions: Sequence[Session], form: Form) -> AsyncIterator[bytes]:
    out = _Bytes()
    with ZipFile(out, "w") as archive:
        for number, session in enumerate(sessions, 1):
            entry = ZipInfo(f"{number:03}-{file_name(session, form)}", session.updated_at.timetuple()[:6])
            entry.compress_type = ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                async for piece in _written(session, form):
                    await asyncio.to_thread(file.write, piece)
                    yield out.take()
    yield out.take()


async def _written(session: Session, form: Form) -> AsyncIterator[bytes]:
    async for piece in _json(session) if form == "json" else _markdown(session):
        yield piece.encode()


async def _json(session: Session) -> AsyncIterator[str]:
    """The session and its events, each on a line of its own."""
    yield f'{{"session": {session.model_dump_json()},\n"events": [\n'
    gap = ""
    async for seq, event in _events(session):
        yield f'{gap}{{"seq": {seq}, "event": {event.model_dump_json()}}}'
        gap = ",\n"
    yield "\n]}\n"


async def _markdown(session: Session) -> AsyncIterator[str]:
    """What was said and done, without what the session went back before."""
    used = f"{session.updated_at:%Y-%m-%d %H:%M} UTC"
    yield f"# {heading(session.name)}\n\n{session.model} · `{session.workspace}` · {used}\n"
    past = await _past(session)
    async for seq, event in _events(session):
        if not any(seq in gone for gone in past) and (piece := said(event)):
            yield f"\n{piece}\n"


async def _past(session: Session) -> list[range]:
    """The numbers of events that count no more."""
    counting = still_counting(await log.went_back(session.id))
    return [range(event.seq + 1, seq) for seq, event in counting if isinstance(event, CheckpointRestored)]


async def _events(session: Session) -> AsyncIterator[tuple[int, Event]]:
    after = 0
    while after < session.last_seq:
        batch = await log.read(session.id, after, BATCH)
        for seq, event in batch:
            if seq <= session.last_seq:
                yield seq, event
        after = batch[-1][0] if batch else session.last_seq


def said(event: Event) -> str:
    r"""What an event is in Markdown; empty when there is nothing to read.

    >>> said(TurnStarted(prompt=(Text(text="Hi"),), model="m", mode="ask"))
    '## Prompt\n\nHi'
    """
    match event:
        case TurnStarted() | PromptSteered():
            return f"## Prompt\n\n{prompt_text(event.prompt)}"
        case StepFinished():
            return "\n\n".join(filter(None, map(_part, event.message.parts)))
        case ToolCallFinished():
            return f"Result ({event.result.outcome}):\n\n{fenced(event.result.text)}"
        case _:
            return ""


def _part(part: Part) -> str:
    match part:
        case Text():
            return part.text.strip()
        case ToolCall():
            arguments = json.dumps(part.arguments, ensure_ascii=False, indent=1)
            return f"**{part.name}**\n\n{fenced(arguments, 'json')}"
        case _:
            return ""


def fenced(text: str, language: str = "") -> str:
    r"""A text as a block of code, whatever marks it holds.

    >>> fenced("a ``` b")
    '````\na ``` b\n````'
    """
    marks = "```"
    while marks in text:
        marks += "`"
    return f"{marks}{language}\n{text.rstrip()}\n{marks}"


def heading(name: str) -> str:
    """A name as a heading.

    >>> heading("")
    'Session'
    """
    return " ".join(name.split()) or "Session"


def file_name(session: Session, form: Form) -> str:
    """A name for the file of a session: plain letters, and nothing a system takes amiss.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 1, 31, tzinfo=UTC)
    >>> what = {"model": "m", "mode": "ask", "workspace": "/w", "last_seq": 0, "created_at": at}
    >>> file_name(Session(id="s", user_id="1", name="Buy: milk/now", updated_at=at, **what), "json")
    'buy-milk-now-2026-01-31.json'
    """
    plain = "-".join(word.text for word in words(session.name) if word.text.isascii())[:60].strip("-")
    ending = "md" if form == "markdown" else "json"
    return f"{plain or 'session'}-{session.updated_at:%Y-%m-%d}.{ending}"
