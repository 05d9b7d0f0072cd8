"""What is said: the parts of a message, and what a step cost."""

import hashlib
import json
from collections.abc import Callable
from typing import Annotated, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue


class Value(BaseModel):
    """A value: never changed once made, and strict about its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Opaque = dict[str, JsonValue]
"""What a provider wants echoed (signatures, encrypted reasoning), keyed by its wire; others never read it."""


class Source(Value):
    """Where words come from, as the provider's own search says."""

    url: str
    title: str = ""


class Text(Value):
    """Words for a person."""

    type: Literal["Text"] = "Text"
    text: str
    opaque: Opaque = {}
    sources: tuple[Source, ...] = ()


class Thinking(Value):
    """Reasoning the provider lets us see; may be empty where only its signature was sent."""

    type: Literal["Thinking"] = "Thinking"
    text: str
    opaque: Opaque = {}


class File(Value):
    """An image, a PDF or another file; either its content or where it lies in the workspace."""

    type: Literal["File"] = "File"
    media_type: str
    data: str = ""
    """The content in base64; empty when `path` says where it is."""
    path: str = ""
    """Relative to the workspace; empty when `data` holds the content."""
    name: str = ""


class ToolCall(Value):
    """The model asks for a tool."""

    type: Literal["ToolCall"] = "ToolCall"
    id: str
    name: str
    arguments: dict[str, JsonValue]
    opaque: Opaque = {}
    malformed: str = ""
    """The arguments as sent, when they were no JSON object; `arguments` is then empty."""


class Unknown(Value):
    """A part only its provider understands, kept so that it can be echoed."""

    type: Literal["Unknown"] = "Unknown"
    opaque: Opaque


Outcome = Literal["ok", "failed", "rejected", "cancelled", "unknown"]


class ToolResult(Value):
    """What a tool call came to; `unknown` when a crash hid whether it took effect."""

    type: Literal["ToolResult"] = "ToolResult"
    call_id: str
    outcome: Outcome
    text: str
    files: tuple[File, ...] = ()


def any_case(*types: str) -> Callable[[object], object]:
    """Make a validator that lets people write a `type` in any case: `text`, `Text`, `drop_prompt`.

    >>> any_case("DropPrompt")({"type": "drop_prompt"})
    {'type': 'DropPrompt'}
    """
    names = {name.lower(): name for name in types}

    def spell(value: object) -> object:
        if not isinstance(value, dict):
            return value
        fields = cast("dict[str, object]", value)
        written = fields.get("type")
        if not isinstance(written, str):
            return fields
        return {**fields, "type": names.get(written.replace("_", "").lower(), written)}

    return spell


Part = Annotated[Text | Thinking | File | ToolCall | ToolResult | Unknown, Field(discriminator="type")]
PromptPart = Annotated[
    Annotated[Text | File, Field(discriminator="type")],
    BeforeValidator(any_case("Text", "File")),
]
"""What a person may say."""


class Message(Value):
    """One side's say: the person's (or the tools') with role `user`, the model's with role `assistant`."""

    role: Literal["user", "assistant"]
    parts: tuple[Part, ...]

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tool calls among its parts, in order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def text(self) -> str:
        """Its words, without thinking.

        >>> Message(role="user", parts=(Text(text="a"), Text(text="b"))).text
        'ab'
        """
        return "".join(part.text for part in self.parts if isinstance(part, Text))


class Usage(Value):
    """Tokens of one step and their price in USD; `input` includes `cached` and `cache_written`."""

    input: int = 0
    cached: int = 0
    cache_written: int = 0
    output: int = 0
    reasoning: int = 0
    cost: float | None = None
    """None when the price is not known."""

    def __add__(self, other: "Usage") -> "Usage":
        """Sum two steps; the cost is known only when both are.

        >>> (Usage(input=1, cost=0.5) + Usage(input=2, cost=0.25)).cost
        0.75
        """
        known = self.cost is not None and other.cost is not None
        return Usage(
            input=self.input + other.input,
            cached=self.cached + other.cached,
            cache_written=self.cache_written + other.cache_written,
            output=self.output + other.output,
            reasoning=self.reasoning + other.reasoning,
            cost=(self.cost or 0) + (other.cost or 0) if known else None,
        )


def call_hash(call: ToolCall, definition: str = "") -> str:
    """The hash of a tool's name, its exact arguments, and what the tool is said to be.

    >>> first = ToolCall(id="1", name="edit", arguments={"a": 1, "b": 2})
    >>> call_hash(first) == call_hash(ToolCall(id="2", name="edit", arguments={"b": 2, "a": 1}))
    True
    """
    said = [call.name, call.arguments, *filter(None, [definition])]
    exact = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(exact.encode()).hexdigest()
