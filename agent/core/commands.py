"""What may be asked of a session."""

from base64 import b64decode
from pathlib import PurePosixPath
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter

from agent.core.messages import File, PromptPart, Value, any_case
from agent.core.offers import Shape
from agent.core.policy import Answer as ApprovalAnswer

MOST_ATTACHMENTS = 10
"""Of one prompt."""
LONGEST_LINE = 10_000
"""Characters of a command line that a person types."""


def _sound(part: PromptPart) -> PromptPart:
    """A part that a person may give: nothing in it leads out of the workspace, or breaks a request."""
    if isinstance(part, File):
        b64decode(part.data, validate=True)
        path = PurePosixPath(part.path)
        if path.is_absolute() or ".." in path.parts or "\0" in part.path:
            raise ValueError("a file lies within the workspace")
    return part


Parts = Annotated[tuple[Annotated[PromptPart, AfterValidator(_sound)], ...], Field(min_length=1)]


class Prompt(Value):
    """A person asks for work; waits its turn when one is running."""

    type: Literal["Prompt"] = "Prompt"
    parts: Parts
    steers: bool = False
    """Whether a running turn is told it between two steps, rather than when it is done."""
    attachments: Annotated[
        tuple[Annotated[str, Field(max_length=36)], ...], Field(max_length=MOST_ATTACHMENTS)
    ] = ()
    """The ids of files that were sent ahead, to go with it."""


Lasts = Literal["hour", "month", "revoked"]
"""How long a rule holds: an hour, thirty days, or until somebody takes it back."""
Scope = Literal["session", "workspace", "person"]
"""Where a rule holds: in this session, in all that work in its workspace, or wherever the person works."""


class Choice(Value):
    """Which rule an answer for always sets up."""

    shape: Shape | Literal[""] = ""
    """Which of those the question offers; empty for its first."""
    scope: Scope = "session"
    lasts: Lasts = "revoked"


Reply = Annotated[str, Field(min_length=1, max_length=4000)]


class Answer(Value):
    """A person answers an approval."""

    type: Literal["Answer"] = "Answer"
    approval_id: str
    answer: ApprovalAnswer
    note: str = ""
    """Told to the model when the answer is a rejection."""
    rule: Choice | None = None
    """What an answer for always means exactly; None for what the question offers first."""
    replies: Annotated[
        tuple[Annotated[tuple[Reply, ...], Field(min_length=1, max_length=8)], ...], Field(max_length=4)
    ] = ()
    """To the questions of the call, one for each: the chosen options, or words of one's own."""


class Interrupt(Value):
    """Stop the running turn; nothing happens when none runs."""

    type: Literal["Interrupt"] = "Interrupt"
    turn_id: str = ""
    """Only this turn; empty for whichever runs."""


class Shell(Value):
    """A person runs a command line themselves, through the agent's own tool; refused while a turn is open."""

    type: Literal["Shell"] = "Shell"
    line: Annotated[str, Field(min_length=1, max_length=LONGEST_LINE)]


class EditPrompt(Value):
    """Change a queued prompt."""

    type: Literal["EditPrompt"] = "EditPrompt"
    prompt_id: str
    parts: Parts
    steers: bool = False


class DropPrompt(Value):
    """Take a queued prompt back."""

    type: Literal["DropPrompt"] = "DropPrompt"
    prompt_id: str


def _with_parts(value: object) -> object:
    """Let people write a prompt as plain `text`."""
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, object]", value)
    if (
        fields.get("type") not in ("Prompt", "EditPrompt")
        or "parts" in fields
        or not isinstance(fields.get("text"), str)
    ):
        return fields
    text = fields["text"]
    rest = {key: field for key, field in fields.items() if key != "text"}
    return {**rest, "parts": [{"type": "Text", "text": text}]}


Command = Prompt | Answer | Interrupt | Shell | EditPrompt | DropPrompt
COMMAND: TypeAdapter[Command] = TypeAdapter(
    Annotated[
        Annotated[Command, Field(discriminator="type")],
        BeforeValidator(_with_parts),
        BeforeValidator(any_case("Prompt", "Answer", "Interrupt", "Shell", "EditPrompt", "DropPrompt")),
    ]
)
"""Reads a command from what a person or program sent."""
