"""What is shown: events folded into rows, the same for page, API, terminal and tests."""

from collections.abc import Iterable
from typing import Literal

from pydantic import JsonValue

from agent.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    Delta,
    Event,
    ModelSwitched,
    Noticed,
    PromptDropped,
    PromptQueued,
    Said,
    Snapshot,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
    joined,
)
from agent.core.messages import File, Part, Text, Thinking, ToolCall, Usage, Value

RowKind = Literal["user", "text", "thinking", "tool", "notice"]
RowStatus = Literal[
    "done",
    "live",
    "queued",
    "waiting",
    "asking",
    "running",
    "ok",
    "failed",
    "rejected",
    "cancelled",
    "unknown",
]
"""A tool row goes waiting → asking → running → its outcome; a user row is queued, then done."""


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


def prompt_text(parts: Iterable[Part]) -> str:
    """What a person typed, with attached files by name.

    >>> prompt_text([Text(text="Look: "), File(media_type="image/png", name="a.png")])
    'Look: [a.png]'
    """
    return "".join(
        part.text
        if isinstance(part, Text)
        else f"[{part.name or part.path or part.media_type}]"
        if isinstance(part, File)
        else ""
        for part in parts
    )


class Transcript:
    """Rows so far, and the partial rows of the step that speaks now; `apply` one event after the other."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.usage = Usage(cost=0.0)
        """The whole session's."""
        self.turn_id = ""
        """The running turn; empty when none runs."""
        self._where: dict[str, int] = {}
        self._approvals: dict[str, str] = {}
        self._steps = 0
        self._live: list[Delta] = []
        self._heard = (-1, -1)

    @property
    def live(self) -> tuple[Said, ...]:
        """What the running step has said and not yet finished."""
        return joined(self._live)

    def apply(self, event: Event | Delta | Snapshot) -> None:
        """Fold one event in."""
        match event:
            case Delta():
                self._hear(event)
            case Snapshot():
                self._live = [
                    Delta(kind=said.kind, text=said.text, call_id=said.call_id) for said in event.said
                ]
                self._heard = (event.step, event.attempt)
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
            case PromptQueued(turn_id=turn_id):
                text = prompt_text(event.prompt)
                self._put(Row(id=turn_id, kind="user", turn_id=turn_id, text=text, status="queued"))
            case PromptDropped():
                self._drop(event.turn_id)
            case Noticed():
                self._notice(event, event.code, event.values)
            case ModelSwitched():
                values: dict[str, JsonValue] = {
                    "before": event.before,
                    "after": event.after,
                    "why": event.why,
                }
                self._notice(event, "model_switched", values)
            case _:
                pass

    def _hear(self, delta: Delta) -> None:
        if (delta.step, delta.attempt) != self._heard:
            self._live = []
            self._heard = (delta.step, delta.attempt)
        self._live.append(delta)

    def _start(self, event: TurnStarted) -> None:
        self.turn_id = event.turn_id
        self._steps = 0
        self._drop(event.turn_id)
        self._put(Row(id=event.turn_id, kind="user", turn_id=event.turn_id, text=prompt_text(event.prompt)))

    def _finish_step(self, event: StepFinished) -> None:
        self._live = []
        self._heard = (-1, -1)
        self.usage = self.usage + event.usage
        for number, part in enumerate(event.message.parts):
            row_id = f"{event.turn_id}/{self._steps}/{number}"
            match part:
                case Text(text=text) if text:
                    self._put(Row(id=row_id, kind="text", turn_id=event.turn_id, text=text))
                case Thinking(text=text) if text:
                    self._put(Row(id=row_id, kind="thinking", turn_id=event.turn_id, text=text))
                case ToolCall():
                    self._put(tool_row(part, event.turn_id))
                case _:
                    pass
        self._steps += 1

    def _tool(self, event: ToolCallStarted | ToolCallFinished | ApprovalRequested | ApprovalGiven) -> None:
        match event:
            case ToolCallStarted(call=call):
                row = self._row(call, event.turn_id)
                self._put(row.model_copy(update={"status": "running"}))
            case ApprovalRequested(call=call):
                self._approvals[event.approval_id] = call.id
                asking = {"status": "asking", "approval_id": event.approval_id, "reason": event.reason}
                self._put(self._row(call, event.turn_id).model_copy(update=asking))
            case ApprovalGiven():
                at = self._where.get(self._approvals.pop(event.approval_id, ""))
                if at is not None and self.rows[at].status == "asking":
                    self.rows[at] = self.rows[at].model_copy(update={"status": "waiting", "approval_id": ""})
            case ToolCallFinished(result=result):
                at = self._where.get(result.call_id)
                if at is not None:
                    done = {"status": result.outcome, "text": result.text, "approval_id": ""}
                    self.rows[at] = self.rows[at].model_copy(update=done)

    def _finish_turn(self, event: TurnFinished) -> None:
        self.turn_id = ""
        self._live = []
        self._heard = (-1, -1)
        if event.reason != "end_turn":
            self._notice(event, event.reason, event.values, event.error)

    def _row(self, call: ToolCall, turn_id: str) -> Row:
        at = self._where.get(call.id)
        return self.rows[at] if at is not None else tool_row(call, turn_id)

    def _notice(self, event: Event, code: str, values: dict[str, JsonValue], error: str = "") -> None:
        row_id = f"{event.turn_id}/{code}/{event.at.isoformat()}"
        self._put(Row(id=row_id, kind="notice", turn_id=event.turn_id, title=code, text=error, values=values))

    def _put(self, row: Row) -> None:
        key = row.call_id or row.id
        if key in self._where:
            self.rows[self._where[key]] = row
        else:
            self._where[key] = len(self.rows)
            self.rows.append(row)

    def _drop(self, row_id: str) -> None:
        at = self._where.pop(row_id, None)
        if at is not None:
            del self.rows[at]
            self._where = {key: place - (place > at) for key, place in self._where.items()}


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
    """Fold events into a transcript.

    >>> fold([Delta(kind="text", text="Hel"), Delta(kind="text", text="lo")]).live[0].text
    'Hello'
    """
    transcript = Transcript()
    for event in events:
        transcript.apply(event)
    return transcript
