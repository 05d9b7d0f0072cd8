"""How a tool is declared: a typed async function, whose signature and docstring the model reads."""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, create_model
from pydantic_core import ErrorDetails

from agent.core.errors import ToolFailed
from agent.core.messages import File, Value
from agent.core.policy import Mode
from agent.core.tools import Effect, Kind, ToolDefinition

GIVEN = frozenset({"files", "web", "search", "replies", "services", "programs"})
"""Parameters that we fill in and the model does not see."""

Flow = frozenset[Literal["in", "out", "key"]]
"""What passes between this machine and others: what they say, what the call says, a key of the person."""
NONE: Flow = frozenset()
BOTH: Flow = frozenset({"in", "out"})
WITH_KEY: Flow = frozenset({"in", "out", "key"})

ALL_MODES: frozenset[Mode] = frozenset(get_args(Mode))

MAX_TEXT = 40_000
"""Characters of a result that reach the model."""

_NOTE_SIZE = 300
_ERRORS_SHOWN = 3
_ARGUMENT = re.compile(r"^    (\w+): (.*(?:\n     +.*)*)", re.MULTILINE)


class ToolOutput(Value):
    """What a tool has to say, and the files it hands to the model."""

    text: str
    files: tuple[File, ...] = ()


Answer = Awaitable[str] | Awaitable[ToolOutput]


@dataclass(frozen=True)
class Tool:
    """A tool as the registry holds it."""

    definition: ToolDefinition
    function: Callable[..., Answer]
    arguments: type[BaseModel]
    """Checks what the model sent."""
    given: frozenset[str]
    """Which of the parameters we fill in it wants."""
    asks: str = ""
    """Why a person is asked before it runs, whatever mode and rules allow: a code; empty for most tools."""
    modes: frozenset[Mode] = ALL_MODES
    """In which it makes sense."""
    longest: int = MAX_TEXT
    """Characters of a result that reach the model."""
    flow: Flow = NONE
    """What passes between this machine and others when it runs."""

    def accepts(self, arguments: Mapping[str, JsonValue]) -> bool:
        """Whether it could be run on these."""
        try:
            self._check(arguments)
        except ToolFailed:
            return False
        return True

    async def run(self, arguments: Mapping[str, JsonValue], **given: object) -> ToolOutput:
        """Run the tool on what the model sent.

        Raises:
            ToolFailed: an argument is not what was expected, or the tool could not do it.
        """
        checked = self._check(arguments)
        answer = await self.function(**{name: given[name] for name in self.given}, **checked)
        return answer if isinstance(answer, ToolOutput) else ToolOutput(text=answer)

    def _check(self, arguments: Mapping[str, JsonValue]) -> dict[str, object]:
        fields = self.arguments.model_fields
        # Models write null for an argument they leave to us.
        sent = {
            name: value
            for name, value in arguments.items()
            if value is not None or name not in fields or fields[name].is_required()
        }
        try:
            checked = self.arguments.model_validate(sent)
        except ValidationError as error:
            raise ToolFailed(f"{self.definition.name}: {_sentence(error, list(fields))}") from None
        return {name: getattr(checked, name) for name in fields}


def tool(
    kind: Kind,
    *,
    effect: Effect,
    asks: str = "",
    modes: frozenset[Mode] = ALL_MODES,
    longest: int = MAX_TEXT,
    flow: Flow = NONE,
) -> Callable[[Callable[..., Answer]], Tool]:
    """Make a tool of a typed async function; its docstring is what the model is told."""

    def declare(function: Callable[..., Answer]) -> Tool:
        name = getattr(function, "__name__", "")
        description, notes = _read_docstring(function)
        hints = get_type_hints(function, include_extras=True)
        fields: dict[str, object] = {}
        parameters = inspect.signature(function).parameters
        for parameter in parameters.values():
            if parameter.name in GIVEN:
                continue
            if parameter.name not in notes:
                raise TypeError(f"{name}: nothing is said of `{parameter.name}` under Args")
            default = ... if parameter.default is parameter.empty else parameter.default
            field = Field(default, description=notes[parameter.name])
            fields[parameter.name] = (hints[parameter.name], field)
        make = cast("Callable[..., type[BaseModel]]", create_model)
        arguments = make(name, __config__=ConfigDict(extra="forbid"), **fields)
        definition = ToolDefinition(
            name=name, description=description, parameters=schema(arguments), kind=kind, effect=effect
        )
        return Tool(definition, function, arguments, GIVEN & parameters.keys(), asks, modes, longest, flow)

    return declare


def schema(arguments: type[BaseModel]) -> dict[str, JsonValue]:
    """A model's JSON Schema in the plain form that every provider takes: no titles, definitions in place."""
    full = arguments.model_json_schema()
    definitions = cast("dict[str, JsonValue]", full.pop("$defs", {}))
    full.pop("description", None)
    plain = cast("dict[str, JsonValue]", _plain(full, definitions, ()))
    return plain if "properties" in plain else {**plain, "properties": {}}


def _plain(value: JsonValue, definitions: Mapping[str, JsonValue], within: tuple[str, ...]) -> JsonValue:
    if isinstance(value, list):
        return [_plain(item, definitions, within) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(reference := value.get("$ref"), str):
        name = reference.rpartition("/")[2]
        if name in within:
            raise TypeError(f"{name} contains itself; a tool's arguments cannot")
        inner = {**cast("dict[str, JsonValue]", definitions[name]), **value}
        del inner["$ref"]
        return _plain(inner, definitions, (*within, name))
    # A title that is text is noise of the generator; anything else is an argument of that name.
    return {
        key: _plain(item, definitions, within)
        for key, item in value.items()
        if not (key == "title" and isinstance(item, str))
    }


def bounded(output: ToolOutput, path: str = "", longest: int = MAX_TEXT) -> ToolOutput:
    """Cut a result that is too long for the model: a fifth from its head, the rest from its tail.

    >>> len(bounded(ToolOutput(text="x" * 50_000)).text) <= MAX_TEXT
    True

    Args:
        output: what a tool said.
        path: where in the workspace all of it is kept; empty when it is not.
        longest: characters it may have.
    """
    if len(output.text) <= longest:
        return output
    return output.model_copy(update={"text": shortened(output.text, longest, path)})


def shortened(text: str, most: int, path: str = "") -> str:
    r"""The head and the tail of a text, and between them what is left out.

    >>> shortened("word " * 1000, 500).splitlines()[2]
    '[4,800 characters of 5,000 were left out here, from line 1 on.]'
    """
    kept = most - _NOTE_SIZE
    head = kept // 5
    cut, line = len(text) - kept, text.count("\n", 0, head) + 1
    where = f" All of it is in {path}: use read_file with offset={line}, or grep." if path else ""
    note = f"[{cut:,} characters of {len(text):,} were left out here, from line {line} on.{where}]"
    return f"{text[:head]}\n\n{note}\n\n{text[head - kept :]}"


def _read_docstring(function: Callable[..., Answer]) -> tuple[str, dict[str, str]]:
    text = inspect.getdoc(function) or ""
    description, _, rest = text.partition("\n\nArgs:\n")
    if not description:
        raise TypeError(f"{function} has no docstring for the model to read")
    arguments = rest.partition("\n\n")[0]
    return description, {name: " ".join(note.split()) for name, note in _ARGUMENT.findall(arguments)}


def _sentence(error: ValidationError, known: list[str]) -> str:
    return " ".join(_complaint(each, known) for each in error.errors()[:_ERRORS_SHOWN])


def _complaint(error: ErrorDetails, known: list[str]) -> str:
    name = ".".join(str(part) for part in error["loc"])
    match error["type"]:
        case "missing":
            return f"the argument `{name}` is missing."
        case "extra_forbidden":
            return f"there is no argument `{name}`, only {', '.join(f'`{each}`' for each in known)}."
        case _:
            expected = error["msg"].replace("Input should be", "should be").replace("Value error, ", "")
            return f"`{name}` {expected}; it was {error['input']!r:.80}."
