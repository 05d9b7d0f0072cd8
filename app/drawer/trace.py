"""How a turn went, step by step, and the events that tell of it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

import reflex as rx
from pydantic import Field, JsonValue

from agent import sessions
from agent.core.errors import NotFound
from agent.core.events import ModelSwitched, Noticed
from agent.core.identity import User
from agent.core.trace import Span
from app.state import asked, bring_up
from app.words import notice_sentence
from app.words.drawer import AFTER, CACHED, OUTCOMES, RAW_CUT, READ_AND_WRITTEN, TURN_OF, span_name, took
from app.words.transcript import duration, price, tokens

LONGEST_RAW = 20_000
"""Characters of the events of a step that are shown."""
MOST_SEQS = 50
Id = Annotated[str, Field(min_length=1, max_length=200)]
TurnId = Annotated[str, Field(max_length=200)]
Number = Annotated[int, Field(ge=0, lt=10_000)]


@dataclass
class SpanShown:
    """A stretch of a turn, as a row of the table."""

    number: int = 0
    kind: str = ""
    what: str = ""
    outcome: str = ""
    """In a word; empty when it went as it should."""
    after: str = ""
    took: str = ""
    tokens: str = ""
    """Read and written."""
    cached: str = ""
    cost: str = ""
    asides: list[str] = field(default_factory=list[str])


class TraceState(rx.State):
    """The turn that the drawer shows, and the step of it that is opened."""

    title: str = ""
    turn_id: str = ""
    """Empty for the last one, whichever that is."""
    earlier: str = ""
    later: str = ""
    """The turns before and after it; empty where there are none."""
    spans: list[SpanShown] = []
    opened: int = -1
    raw: str = ""

    @rx.event
    @asked
    async def choose(self, user: User, session_id: Id, turn_id: TurnId) -> None:
        """Show another turn."""
        self.turn_id, self.opened, self.raw = turn_id, -1, ""
        await look(self, user, session_id)

    @rx.event
    @asked
    async def unfold(self, user: User, session_id: Id, number: Number) -> None:
        """Show the events of a step, or hide them."""
        spans = (await sessions.traced(user, session_id, self.turn_id)).spans
        if number == self.opened or number >= len(spans):
            self.opened, self.raw = -1, ""
            return
        events = [await sessions.happened(user, session_id, seq) for seq in spans[number].seqs[:MOST_SEQS]]
        self.opened, self.raw = number, raw(event.model_dump(mode="json") for event in events)


async def look(state: TraceState, user: User, session_id: str) -> None:
    """Read how the turn went."""
    try:
        found = await sessions.traced(user, session_id, state.turn_id)
    except NotFound:  # a turn of the session that was shown before
        state.turn_id = ""
        found = await sessions.traced(user, session_id)
    at = found.turns.index(found.turn_id) if found.turn_id else 0
    bring_up(
        state,
        title=TURN_OF.format(n=at + 1, all=len(found.turns)) if found.turns else "",
        earlier=found.turns[at - 1] if at else "",
        later=found.turns[at + 1] if at + 1 < len(found.turns) else "",
        spans=[span_shown(number, span) for number, span in enumerate(found.spans)],
    )


def span_shown(number: int, span: Span) -> SpanShown:
    """A stretch of a turn as a row of the table.

    >>> span_shown(0, Span(kind="tool", name="grep", after=1.5, seconds=12, outcome="ok")).after
    '+1.5 s'
    """
    used = span.usage
    return SpanShown(
        number=number,
        kind=span.kind,
        what=span_name(span),
        outcome=OUTCOMES.get(span.outcome or "", ""),
        after=AFTER.format(after=duration(span.after)),
        took=took(span),
        tokens=READ_AND_WRITTEN.format(read=tokens(used.input), written=tokens(used.output)) if used else "",
        cached=CACHED.format(n=tokens(used.cached)) if used and used.cached else "",
        cost=price(used.cost) if used and used.cost is not None else "",
        asides=[aside(one) for one in span.asides],
    )


def aside(event: Noticed | ModelSwitched) -> str:
    """What went wrong on the way, as the transcript says it.

    >>> aside(Noticed(code="restart"))
    'The server was restarted; the turn goes on.'
    """
    if isinstance(event, Noticed):
        return notice_sentence(event.code, "", event.values)
    values = {"before": event.before, "after": event.after, "why": event.why}
    return notice_sentence("model_switched", "", values)


def raw(events: Iterable[JsonValue]) -> str:
    r"""Events as JSON to read, of much the beginning.

    >>> raw([{"type": "TurnStarted"}])
    '{\n "type": "TurnStarted"\n}'
    """
    text = "\n".join(json.dumps(event, ensure_ascii=False, indent=1) for event in events)
    rest = len(text) - LONGEST_RAW
    return text if rest <= 0 else f"{text[:LONGEST_RAW]}\n{RAW_CUT.format(n=f'{rest:,}')}"
