"""A session to take away: as JSON with all that happened, or as Markdown to read."""

import json
from collections.abc import AsyncIterator
from typing import Literal

from agent.core.events import (
    CheckpointRestored,
    Event,
    PromptSteered,
    StepFinished,
    ToolCallFinished,
    TurnStarted,
)
from agent.core.history import still_counting
from agent.core.identity import Session
from agent.core.messages import Part, Text, ToolCall
from agent.core.search_query import words
from agent.core.transcript import prompt_text
from agent.sessions import log

BATCH = 200
"""Events that are in memory at once."""

Form = Literal["markdown", "json"]


async def export(session: Session, form: Form) -> AsyncIterator[str]:
    """The session in pieces, as long as it was when this was called."""
    written = _json(session) if form == "json" else _markdown(session)
    async for piece in written:
        yield piece


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
