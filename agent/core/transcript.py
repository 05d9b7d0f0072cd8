"""What is shown: events folded into rows, the same for page, API, terminal and tests."""

from collections.abc import Iterable
from datetime import datetime
from sys import maxsize
from typing import Literal

from pydantic import JsonValue

from agent.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    CheckpointRestored,
    Delta,
    Event,
    ModelSwitched,
    Noticed,
    PromptDropped,
    PromptQueued,
    PromptSteered,
    Said,
    Snapshot,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
    joined,
)
from agent.core.messages import File, Part, Source, Text, Thinking, ToolCall, Usage, Value
from agent.core.offers import Offer
from agent.core.rules import Rule
from agent.core.voice import Voice

RowKind = Literal["user", "text", "thinking", "tool", "notice"]
RowStatus = Literal[
    "done",
    "live",
    "queued",
    "steering",
    "waiting",
    "asking",
    "running",
    "ok",
    "failed",
    "rejected",
    "cancelled",
    "unknown",
]
"""A tool row goes waiting → asking → running → its outcome; a prompt waits for a turn of its own (queued) or
for the next step of the running one (steering), then it is done."""

OPEN: frozenset[RowStatus] = frozenset({"waiting", "asking", "running"})
"""A call without its outcome."""
MOST_OUTPUT = 4000
"""Characters that are shown of what a call writes while it runs."""
UNTOLD = frozenset({"stopping", "parked"})
"""Notices without a row: the run state and the question that is still asked say it."""


class Row(Value):
    """One thing a person sees."""

    id: str
    """The same for the same thing, however often the transcript is folded."""
    kind: RowKind
    turn_id: str = ""
    text: str = ""
    """The words; for a tool its result; for a notice the error's code, if any."""
    status: RowStatus = "done"
    title: str = ""
    """A tool's name, or the code of a notice."""
    call_id: str = ""
    values: dict[str, JsonValue] = {}
    """A tool's arguments; what the sentence of a notice needs."""
    approval_id: str = ""
    """The open approval of a tool row that asks."""
    reason: str = ""
    """Why it asks, as a code."""
    steps: tuple[str, ...] = ()
    """The simple commands of the line it would run."""
    offers: tuple[Offer, ...] = ()
    """The rules that an answer for always may set up."""
    sources: tuple[Source, ...] = ()
    """Where words come from."""
    is_own: bool = False
    """Whether the person made the call themselves."""
    allowed_by: str = ""
    """Who answered that a call may run."""
    rule: Rule | None = None
    """The rule that let a call pass, or that its answer set up."""
    seconds: float | None = None
    """How long a call ran or thinking took; with the last words of a turn, how long the turn took."""
    at: datetime | None = None
    """With the last words of a turn: when it ended; of a prompt and of a call: when it was begun."""
    usage: Usage | None = None
    """With the last words of a turn: what the turn used."""


def prompt_text(parts: Iterable[Part]) -> str:
    """What a person typed, with attached files by name, unless they are mentioned in it.

    >>> prompt_text([Text(text="Look: "), File(media_type="image/png", name="a.png")])
    'Look: [a.png]'
    >>> prompt_text([Text(text="Read @a.md"), File(media_type="text/plain", name="a.md")])
    'Read @a.md'
    """
    said = list(parts)
    words = "".join(part.text for part in said if isinstance(part, Text))
    return "".join(_prompt_part(part, words) for part in said)


def _prompt_part(part: Part, words: str) -> str:
    match part:
        case Text(text=text):
            return text
        case File():
            name = part.name or part.path or part.media_type
            return "" if f"@{name}" in words or f'@"{name}' in words else f"[{name}]"
        case _:
            return ""


class Cut(Value):
    """Where a session is cut when only its end is folded: before a turn that begins there."""

    seq: int = 0
    """The number of the newest event that is left out; 0: none is."""
    queue: tuple[PromptQueued, ...] = ()
    """The prompts among them that wait still."""


NOWHERE = Cut()


class Transcript:
    """Rows so far, and the partial rows of the step that speaks now; `apply` one event after the other."""

    def __init__(self, cut: Cut = NOWHERE) -> None:
        self.told: list[Row] = []
        """What has happened, in order."""
        self.queue = {queued.prompt_id: queued for queued in cut.queue}
        """The prompts that wait, by their ids, in order."""
        self.usage = Usage(cost=0.0)
        """The whole session's."""
        self.turn_id = ""
        """The running turn; empty when none runs."""
        self.is_stopping = False
        """Whether somebody wished the running turn to stop."""
        self.voice = Voice()
        self._where: dict[str, int] = {}
        self._approvals: dict[str, str] = {}
        self._steps = 0
        self._began: dict[str, datetime] = {}
        """When the running turn and its running calls began, by their ids."""
        self._used = Usage(cost=0.0)
        """By the running turn."""
        self.output: dict[str, str] = {}
        """What the running calls have written so far, by their ids; of much the end."""
        self._live: list[Delta] = []

    @property
    def rows(self) -> list[Row]:
        """All there is to see: what has happened, then the prompts that wait."""
        return [*self.told, *self.waiting]

    @property
    def waiting(self) -> list[Row]:
        """The prompts that wait."""
        return [
            _prompt_row(queued, "steering" if queued.steers else "queued") for queued in self.queue.values()
        ]

    @property
    def live(self) -> tuple[Said, ...]:
        """What the running step has said and not yet finished."""
        return joined(self._live)

    def apply(self, event: Event | Delta | Snapshot) -> None:
        """Fold one event in."""
        match event:
            case Delta():
                self._hear(event, [event])
            case Snapshot():
                said = [Delta(kind=each.kind, text=each.text, call_id=each.call_id) for each in event.said]
                self._hear(event, said)
            case TurnStarted():
                self._start(event)
            case StepFinished():
                self._finish_step(event)
            case TurnFinished():
                self._finish_turn(event)
            case ToolCallStarted() | ToolCallFinished() | ApprovalRequested() | ApprovalGiven():
                self._tool(event)
            case _:
                self._between(event)

    def _between(self, event: Event) -> None:
        match event:
            case PromptQueued() | PromptSteered() | PromptDropped():
                self._prompt(event)
            case CheckpointRestored():
                self._go_back(event)
            case Noticed(code="stopping"):
                self.is_stopping = event.turn_id == self.turn_id != ""
            case Noticed(code="retry"):
                # One row a step and provider: what is told live is the same as what is stored after it.
                self._put(_retry_row(event, self._steps))
            case Noticed() if event.code not in UNTOLD:
                if event.code == "restart":
                    self._live = []  # the step that spoke is asked anew
                self._notice(event, event.code, event.values)
            case ModelSwitched():
                self._switch(event)
            case _:
                pass

    def _prompt(self, event: PromptQueued | PromptSteered | PromptDropped) -> None:
        if isinstance(event, PromptQueued):
            self.queue[event.prompt_id] = event  # in its place, when it was edited
            return
        self.queue.pop(event.prompt_id, None)
        if isinstance(event, PromptSteered):
            self._put(_prompt_row(event))

    def _switch(self, event: ModelSwitched) -> None:
        """Between two turns there is one marker, for all that was chosen, or none when it came to nothing."""
        before: JsonValue = event.before
        last = self.told[-1] if self.told else None
        if last is not None and last.title == "model_switched" and not (last.turn_id or event.turn_id):
            before = last.values["before"]
            del self._where[self.told.pop().id]
        if before != event.after:
            values: dict[str, JsonValue] = {"before": before, "after": event.after, "why": event.why}
            self._notice(event, "model_switched", values)

    def _go_back(self, event: CheckpointRestored) -> None:
        """Close what was open at the checkpoint; what came after it, the one who folds has left out."""
        self._end_turn()
        self.queue = {}
        for at, row in enumerate(self.told):
            if row.status in OPEN:
                self.told[at] = row.model_copy(update={"status": "cancelled", "approval_id": ""})
        self._notice(event, "went_back" if event.id else "taken_back", {})

    def _hear(self, heard: Delta | Snapshot, said: list[Delta]) -> None:
        match self.voice.hears(heard):
            case "late":
                return
            case "anew":
                self._live, self.output = [], {}
            case "on":
                pass
        self._live += [one for one in said if one.kind != "output"]
        for one in said:
            if one.kind == "output":
                call_id = one.call_id or ""
                self.output[call_id] = (self.output.get(call_id, "") + one.text)[-MOST_OUTPUT:]

    def _start(self, event: TurnStarted) -> None:
        self.turn_id = event.turn_id
        self.is_stopping = False
        self._steps = 0
        self._began, self._used = {event.turn_id: event.at}, Usage(cost=0.0)
        self.voice.passes(event.turn_id, 0)
        self.queue.pop(event.turn_id, None)
        if event.call is not None:
            self._put(tool_row(event.call, event.turn_id).model_copy(update={"is_own": True}))
            return
        text = prompt_text(event.prompt)
        self._put(Row(id=event.turn_id, kind="user", turn_id=event.turn_id, text=text, at=event.at))

    def _finish_step(self, event: StepFinished) -> None:
        self._live = []
        self._use(event.usage)
        seconds = event.thought_for
        for number, part in enumerate(event.message.parts):
            row_id = f"{event.turn_id}/{self._steps}/{number}"
            match part:
                case Text(text=text, sources=sources) if text:
                    row = Row(id=row_id, kind="text", turn_id=event.turn_id, text=text, sources=sources)
                    self._put(row)
                case Thinking(text=text) if text:
                    thought = Row(id=row_id, kind="thinking", turn_id=event.turn_id, text=text)
                    self._put(thought.model_copy(update={"seconds": seconds}))
                    seconds = None  # one thought may come in parts
                case ToolCall():
                    self._put(tool_row(part, event.turn_id))
                case _:
                    pass
        self._steps += 1
        self.voice.passes(event.turn_id, self._steps)

    def _use(self, usage: Usage) -> None:
        self.usage, self._used = self.usage + usage, self._used + usage

    def _tool(self, event: ToolCallStarted | ToolCallFinished | ApprovalRequested | ApprovalGiven) -> None:
        match event:
            case ToolCallStarted(call=call):
                row = self._row(call, event.turn_id)
                self._began[call.id] = event.at
                begun = {"status": "running", "rule": event.rule or row.rule, "at": event.at}
                self._put(row.model_copy(update=begun))
            case ApprovalRequested(call=call):
                self._approvals[event.approval_id] = call.id
                asking = {
                    "status": "asking",
                    "approval_id": event.approval_id,
                    "reason": event.reason,
                    "steps": event.steps,
                    "offers": event.offers,
                }
                self._put(self._row(call, event.turn_id).model_copy(update=asking))
            case ApprovalGiven():
                at = self._where.get(self._approvals.pop(event.approval_id, ""))
                if at is not None and self.told[at].status == "asking":
                    answered = {"status": "waiting", "approval_id": "", **_answered(event)}
                    self.told[at] = self.told[at].model_copy(update=answered)
            case ToolCallFinished(result=result):
                self._use(event.usage or Usage(cost=0.0))
                seconds = self._since(result.call_id, event)
                at = self._where.get(result.call_id)
                self.output.pop(result.call_id, None)
                if at is not None:
                    done = {
                        "status": result.outcome,
                        "text": result.text,
                        "approval_id": "",
                        "seconds": seconds,
                    }
                    self.told[at] = self.told[at].model_copy(update=done)

    @property
    def began(self) -> datetime | None:
        """When the running turn began; None when none runs."""
        return self._began.get(self.turn_id)

    def _since(self, what: str, event: Event) -> float | None:
        """Seconds since the turn or the call began; a clock may have been set back meanwhile."""
        began = self._began.pop(what, None)
        return max(0.0, (event.at - began).total_seconds()) if began else None

    def _finish_turn(self, event: TurnFinished) -> None:
        seconds = self._since(event.turn_id, event)
        last = len(self.told) - 1
        while last >= 0 and self.told[last].turn_id == event.turn_id and self.told[last].kind != "text":
            last -= 1
        if last >= 0 and self.told[last].turn_id == event.turn_id:
            self.told[last] = self.told[last].model_copy(
                update={"seconds": seconds, "usage": self._used, "at": event.at}
            )
        self._end_turn()
        if event.reason != "end_turn":
            self._notice(event, event.reason, event.values, event.error)

    def _end_turn(self) -> None:
        if self.turn_id:
            self.voice.passes(self.turn_id, maxsize)
        self.turn_id = ""
        self.is_stopping = False
        self._live, self.output = [], {}

    def _row(self, call: ToolCall, turn_id: str) -> Row:
        at = self._where.get(call.id)
        return self.told[at] if at is not None else tool_row(call, turn_id)

    def _notice(self, event: Event, code: str, values: dict[str, JsonValue], error: str = "") -> None:
        row_id = f"{event.turn_id}/{code}/{event.at.isoformat()}"
        self._put(Row(id=row_id, kind="notice", turn_id=event.turn_id, title=code, text=error, values=values))

    def _put(self, row: Row) -> None:
        key = row.call_id or row.id
        if key in self._where:
            self.told[self._where[key]] = row
        else:
            self._where[key] = len(self.told)
            self.told.append(row)


def _answered(given: ApprovalGiven) -> dict[str, object]:
    """What a card keeps of an answer that lets its call run."""
    return {"allowed_by": given.by, "rule": given.rule} if given.answer.startswith("allow") else {}


def _retry_row(event: Noticed, step: int) -> Row:
    row_id = f"{event.turn_id}/{step}/retry/{event.values.get('provider')}"
    return Row(id=row_id, kind="notice", turn_id=event.turn_id, title=event.code, values=event.values)


def _prompt_row(event: PromptQueued | PromptSteered, status: RowStatus = "done") -> Row:
    text = prompt_text(event.prompt)
    return Row(id=event.prompt_id, kind="user", turn_id=event.turn_id, text=text, status=status)


def tool_row(call: ToolCall, turn_id: str) -> Row:
    """A tool call nobody has begun yet.

    >>> tool_row(ToolCall(id="c", name="grep", arguments={"pattern": "x"}), "t").title
    'grep'
    """
    return Row(
        id=call.id,
        kind="tool",
        turn_id=turn_id,
        status="waiting",
        title=call.name,
        call_id=call.id,
        values=call.arguments,
    )


def fold(events: Iterable[Event | Delta | Snapshot]) -> Transcript:
    """Fold events into a transcript; of a session that went back, those that still count.

    >>> fold([Delta(kind="text", text="Hel"), Delta(kind="text", text="lo", index=1)]).live[0].text
    'Hello'
    """
    transcript = Transcript()
    for event in events:
        transcript.apply(event)
    return transcript
