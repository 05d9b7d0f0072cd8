"""What a turn was made of: requests to models, tools, waits for a person; and how long each took."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from agent.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    Event,
    ModelSwitched,
    Noticed,
    StepFinished,
    StepStop,
    ToolCallFinished,
    ToolCallStarted,
    TurnStarted,
)
from agent.core.messages import Outcome, ToolCall, Usage, Value

TROUBLE = frozenset({"retry", "refused", "restart", "looping"})
"""Notices that belong to the request they come before the end of."""


class Span(Value):
    """A stretch of a turn."""

    kind: Literal["model", "tool", "approval"]
    name: str
    """The model's id, or the tool's name."""
    after: float
    """Seconds from the turn's beginning to its own."""
    seconds: float | None = None
    """How long it took; None while it goes on, and where nothing was begun."""
    outcome: Outcome | StepStop | None = None
    usage: Usage | None = None
    asides: tuple[Noticed | ModelSwitched, ...] = ()
    """What went wrong on the way, and who stood in."""
    seqs: tuple[int, ...] = ()
    """The numbers of the events that tell of it."""


class _Fold:
    """The spans so far, and what is open."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self._model = ""
        self._began: datetime | None = None
        """Of the turn."""
        self._free_since: datetime | None = None
        """When a model could be asked: the turn began, or the step before had its results."""
        self._asides: list[Noticed | ModelSwitched] = []
        self._aside_seqs: list[int] = []
        self._calls: dict[str, ToolCall] = {}
        self._open: dict[str, int] = {}
        """Where the open spans stand, by the ids of calls and approvals."""

    def apply(self, seq: int, event: Event) -> None:
        """Fold one event in."""
        match event:
            case TurnStarted(model=model):
                self._model, self._began, self._free_since = model, event.at, event.at
            case StepFinished():
                self._finish_step(seq, event)
            case ToolCallStarted(call=call):
                self._calls[call.id] = call
                self._begin(seq, event.at, Span(kind="tool", name=call.name, after=0), call.id)
            case ApprovalRequested(call=call):
                span = Span(kind="approval", name=call.name, after=0)
                self._begin(seq, event.at, span, event.approval_id)
            case ApprovalGiven():
                self._end(seq, event.at, event.approval_id)
            case ToolCallFinished():
                self._finish_call(seq, event)
            case _:
                self._aside(seq, event)

    def _aside(self, seq: int, event: Event) -> None:
        """Keep what is told of the request that goes on."""
        if isinstance(event, ModelSwitched):
            self._model = event.after
        elif not (isinstance(event, Noticed) and event.code in TROUBLE):
            return
        elif event.code == "restart":
            self._free_since = event.at  # the step that spoke is asked anew
        self._asides.append(event)
        self._aside_seqs.append(seq)

    def _finish_step(self, seq: int, event: StepFinished) -> None:
        began = self._free_since or event.at
        span = Span(
            kind="model",
            name=self._model,
            after=self._after(began),
            seconds=_between(began, event.at),
            outcome=event.stop,
            usage=event.usage,
            asides=tuple(self._asides),
            seqs=(*self._aside_seqs, seq),
        )
        self.spans.append(span)
        self._free_since, self._asides, self._aside_seqs = event.at, [], []
        self._calls.update({call.id: call for call in event.message.calls})

    def _finish_call(self, seq: int, event: ToolCallFinished) -> None:
        call_id, outcome = event.result.call_id, event.result.outcome
        self._free_since = event.at
        if call_id in self._open:
            self._end(seq, event.at, call_id, outcome=outcome, usage=event.usage)
            return
        name = self._calls[call_id].name if call_id in self._calls else ""
        after = self._after(event.at)
        self.spans.append(Span(kind="tool", name=name, after=after, outcome=outcome, seqs=(seq,)))

    def _begin(self, seq: int, at: datetime, span: Span, key: str) -> None:
        self._open[key] = len(self.spans)
        self.spans.append(span.model_copy(update={"after": self._after(at), "seqs": (seq,)}))

    def _end(self, seq: int, at: datetime, key: str, **told: object) -> None:
        place = self._open.pop(key, None)
        if place is None:
            return
        span = self.spans[place]
        began = span.after + (self._began.timestamp() if self._began else 0)
        seconds = max(0.0, at.timestamp() - began)
        self.spans[place] = span.model_copy(
            update={**told, "seconds": round(seconds, 6), "seqs": (*span.seqs, seq)}
        )

    def _after(self, at: datetime) -> float:
        self._began = self._began or at
        return _between(self._began, at)


def _between(began: datetime, ended: datetime) -> float:
    """Seconds from one to the other; a clock may have been set back meanwhile."""
    return max(0.0, (ended - began).total_seconds())


def trace(events: Iterable[tuple[int, Event]]) -> tuple[Span, ...]:
    """What a turn's events, each with its number, say it was made of; in the order in which it began.

    A request to a model has no event of its beginning: it begins when nothing else is waited for.

    >>> from agent.core.messages import Message, Text
    >>> started = TurnStarted(prompt=(Text(text="Hi"),), model="demo:scripted", mode="ask")
    >>> said = StepFinished(message=Message(role="assistant", parts=()), stop="end_turn", at=started.at)
    >>> [(span.name, span.seconds, span.outcome) for span in trace([(1, started), (2, said)])]
    [('demo:scripted', 0.0, 'end_turn')]
    """
    fold = _Fold()
    for seq, event in events:
        fold.apply(seq, event)
    return tuple(fold.spans)
