"""What happens in a session: durable events, and the live deltas that are never stored."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue, TypeAdapter

from agent.core.messages import Message, PromptPart, ToolCall, ToolResult, Usage, Value
from agent.core.offers import Offer
from agent.core.policy import Answer, Mode, Replies, Rule
from agent.core.tools import Effect

StepStop = Literal["end_turn", "tool_use", "pause", "max_tokens", "refusal", "loop", "cancelled", "error"]
"""Why a step ended; `pause` asks to be sent back as it is and goes on, `loop` said the same over and over."""

TurnStop = Literal["end_turn", "max_tokens", "max_steps", "refusal", "loop", "cancelled", "error"]
"""Why a turn ended: the words of the Agent Client Protocol, and `loop` and `error`."""


class Happened(Value):
    """What every durable event has."""

    turn_id: str = ""
    """The turn it belongs to; empty for what happens between turns."""
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    """When, in UTC."""


class TurnStarted(Happened):
    """A person asked for work."""

    type: Literal["TurnStarted"] = "TurnStarted"
    prompt: tuple[PromptPart, ...]
    model: str
    mode: Mode
    call: ToolCall | None = None
    """What the person calls themselves: then this is all that is done, and no model is asked."""


class StepFinished(Happened):
    """The model has said its say; `stop` tells whether it waits for tools."""

    type: Literal["StepFinished"] = "StepFinished"
    message: Message
    usage: Usage = Usage()
    stop: StepStop
    thought_for: float | None = None
    """Seconds it was heard thinking before it spoke or called; None when it was not."""


class ToolCallStarted(Happened):
    """A tool runs."""

    type: Literal["ToolCallStarted"] = "ToolCallStarted"
    call: ToolCall
    effect: Effect
    rule: Rule | None = None
    """The rule that let it pass, when one did."""


class ToolCallFinished(Happened):
    """A tool call has its one result."""

    type: Literal["ToolCallFinished"] = "ToolCallFinished"
    result: ToolResult
    usage: Usage | None = None
    """What the tool asked of models itself, as a search does."""


class ApprovalRequested(Happened):
    """A tool call waits for a person."""

    type: Literal["ApprovalRequested"] = "ApprovalRequested"
    approval_id: str
    call: ToolCall
    call_hash: str
    reason: str
    """A code; what it means to a person stands in the page's words."""
    steps: tuple[str, ...] = ()
    """The simple commands of the line it would run, where they are certain."""
    offers: tuple[Offer, ...] = ()
    """The rules that an answer for always may set up, the likeliest first."""


class ApprovalGiven(Happened):
    """A person answered; with `rule` when the answer holds for later calls too."""

    type: Literal["ApprovalGiven"] = "ApprovalGiven"
    approval_id: str
    answer: Answer
    by: str
    note: str = ""
    rule: Rule | None = None
    replies: Replies = ()
    """To the questions of the call, one for each."""


class PromptQueued(Happened):
    """A prompt waits for the running turn; its turn will have this event's `turn_id`.

    The same `prompt_id` once more: the prompt was edited while it waited.
    """

    type: Literal["PromptQueued"] = "PromptQueued"
    prompt_id: str
    prompt: tuple[PromptPart, ...]
    steers: bool = False
    """Whether the running turn is told it between two steps; else, or when no step follows, it waits."""


class PromptSteered(Happened):
    """A waiting prompt was told to the running turn, which is this event's."""

    type: Literal["PromptSteered"] = "PromptSteered"
    prompt_id: str
    prompt: tuple[PromptPart, ...]


class PromptDropped(Happened):
    """A queued prompt was taken back."""

    type: Literal["PromptDropped"] = "PromptDropped"
    prompt_id: str


class ModelSwitched(Happened):
    """Another model answers from here on."""

    type: Literal["ModelSwitched"] = "ModelSwitched"
    before: str
    after: str
    why: str


class Noticed(Happened):
    """Something a person should know: a retry, a fallback, a restart."""

    type: Literal["Noticed"] = "Noticed"
    code: str
    values: dict[str, JsonValue] = {}


class CheckpointSaved(Happened):
    """The session's state was kept under a name."""

    type: Literal["CheckpointSaved"] = "CheckpointSaved"
    id: str


class CheckpointRestored(Happened):
    """The session went back to a checkpoint: what happened after its number and before this one is past.

    Without an id it went back to before a prompt, which is said anew.
    """

    type: Literal["CheckpointRestored"] = "CheckpointRestored"
    id: str
    seq: int
    """The number of the last event that still counts."""


class Compacted(Happened):
    """Old history was replaced by a shorter one; sizes in tokens."""

    type: Literal["Compacted"] = "Compacted"
    before: int
    after: int


class TurnFinished(Happened):
    """The turn is over; `error` holds a code when the reason is `error`."""

    type: Literal["TurnFinished"] = "TurnFinished"
    reason: TurnStop
    error: str = ""
    values: dict[str, JsonValue] = {}
    """What the sentence about the error needs (provider, model, seconds to wait …)."""


Event = (
    TurnStarted
    | StepFinished
    | ToolCallStarted
    | ToolCallFinished
    | ApprovalRequested
    | ApprovalGiven
    | PromptQueued
    | PromptSteered
    | PromptDropped
    | ModelSwitched
    | Noticed
    | CheckpointSaved
    | CheckpointRestored
    | Compacted
    | TurnFinished
)
EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])
"""Reads an event back from what was stored."""

DeltaKind = Literal["text", "thinking", "arguments", "output"]


class Delta(Value):
    """A piece of what is being said. A provider yields it without numbers; the session numbers it."""

    kind: DeltaKind
    text: str
    call_id: str | None = None
    turn_id: str = ""
    step: int = 0
    attempt: int = 0
    """A new attempt drops what the old one said."""
    index: int = 0
    """Counts up within an attempt; a missing one asks for a snapshot."""


class Said(Value):
    """Deltas of one kind (and one call), joined."""

    kind: DeltaKind
    text: str
    call_id: str | None = None


class Snapshot(Value):
    """All that a step has said so far: what a follower who comes late, or lost deltas, starts from."""

    turn_id: str = ""
    step: int = 0
    attempt: int = 0
    index: int = 0
    """The index of the last delta it includes; -1 when none."""
    said: tuple[Said, ...] = ()


Live = Delta | Snapshot


def joined(deltas: Sequence[Delta]) -> tuple[Said, ...]:
    """Join neighbours of one kind and call.

    >>> joined([Delta(kind="text", text="a"), Delta(kind="text", text="b"), Delta(kind="thinking", text="c")])
    (Said(kind='text', text='ab', call_id=None), Said(kind='thinking', text='c', call_id=None))
    """
    runs: list[tuple[DeltaKind, str | None, list[str]]] = []
    for delta in deltas:
        if runs and runs[-1][:2] == (delta.kind, delta.call_id):
            runs[-1][2].append(delta.text)
        else:
            runs.append((delta.kind, delta.call_id, [delta.text]))
    return tuple(Said(kind=kind, text="".join(texts), call_id=call_id) for kind, call_id, texts in runs)
