"""What an operation takes as one JSON Schema, and whether arguments fit it; in bounded time."""

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

from agent.core.errors import ToolFailed
from agent.tooling.openapi.description import WHOLE_BODY, Description, Operation, Schema

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

MOST_REFERENCES = 20_000
"""References followed while arguments are checked; schemas that multiply would take for ever."""
MOST_FAULTS = 3
LONGEST_FAULT = 300


class _TooMuch(Exception):
    """The schemas take longer than we wait."""


def takes(description: Description, operation: Operation) -> dict[str, Any]:
    """The JSON Schema of an operation's arguments, with the definitions it needs and no others.

    >>> from agent.tooling.openapi.describing import describe
    >>> shape = {"type": "integer"}
    >>> item = {"get": {"parameters": [{"name": "id", "in": "path", "schema": shape}]}}
    >>> described = describe({"openapi": "3.1.0", "paths": {"/pets/{id}": item}})
    >>> takes(described, described.operations[0])["properties"]
    {'id': {'type': 'integer'}}
    """
    properties = {parameter.argument: parameter.accepts for parameter in operation.parameters}
    required = [parameter.argument for parameter in operation.parameters if parameter.is_required]
    if operation.body is not None:
        properties[WHOLE_BODY] = operation.body.accepts
        required += [WHOLE_BODY] if operation.body.is_required else []
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    if reached := _reached(properties, description.definitions):
        schema["$defs"] = reached
    return schema


def _reached(start: Any, definitions: Mapping[str, Schema]) -> dict[str, Schema]:
    reached: dict[str, Schema] = {}
    waiting = [*_references(start)]
    while waiting:
        name = waiting.pop()
        if name not in reached and name in definitions:
            reached[name] = definitions[name]
            waiting += _references(definitions[name])
    return dict(sorted(reached.items()))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        found = cast("dict[str, Any]", value)
        if isinstance(reference := found.get("$ref"), str):
            yield reference.removeprefix("#/$defs/")
        for each in found.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _references(each)


def check(description: Description, operation: Operation, arguments: Mapping[str, Any]) -> None:
    """See that arguments are what an operation takes. It computes: run it in a thread.

    Raises:
        ToolFailed: they are not, or it cannot be told in time.
    """
    validator = _validator(takes(description, operation))
    try:
        faults = [*_first(validator.iter_errors(dict(arguments)))]
    except (_TooMuch, RecursionError):
        raise ToolFailed(
            f"{operation.name}: its schemas refer to each other so often that arguments cannot be checked."
        ) from None
    if faults:
        raise ToolFailed(f"{operation.name}: {' '.join(faults)}")


def _first(errors: Iterator[Any]) -> Iterator[str]:
    for _, error in zip(range(MOST_FAULTS), errors, strict=False):
        where = ".".join(str(step) for step in error.absolute_path)
        what = str(error.message)
        what = (
            what
            if len(what) <= LONGEST_FAULT
            else f"{what[: LONGEST_FAULT // 2]} … {what[-LONGEST_FAULT // 2 :]}"
        )
        yield f"`{where}`: {what}." if where else f"{what}."


def _validator(schema: dict[str, Any]) -> "Validator":
    """A validator that counts what it follows, and whose patterns take linear time."""
    import jsonschema  # noqa: PLC0415 - takes a quarter of a second, in a thread

    left = MOST_REFERENCES
    plain = jsonschema.Draft202012Validator
    keywords = cast("dict[str, Any]", plain.VALIDATORS)

    def reference(validator: Any, ref: Any, instance: Any, within: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise _TooMuch
        return keywords["$ref"](validator, ref, instance, within)

    def additional(validator: Any, allowed: Any, instance: Any, within: dict[str, Any]) -> Any:
        if "patternProperties" not in within:
            yield from keywords["additionalProperties"](validator, allowed, instance, within)

    counted = {
        "$ref": reference,
        "pattern": _pattern,
        "additionalProperties": additional,
        "patternProperties": _unchecked,
    }
    extend = importlib.import_module("jsonschema.validators").extend
    return extend(plain, counted)(schema)


def _unchecked(*_: Any) -> Iterator[Any]:
    yield from ()


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Any]:
    import jsonschema  # noqa: PLC0415 - as above

    if isinstance(instance, str) and not _fits(pattern, instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


def _fits(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text, by an engine that needs linear time.

    What only backtracking can tell is left to the server.

    >>> _fits("^(a+)+$", "a" * 50_000 + "b"), _fits("^(?=a)", "b")
    (False, True)
    """
    try:
        SchemaValidator(core_schema.str_schema(pattern=pattern)).validate_python(text)
    except SchemaError:
        return True
    except ValidationError:
        return False
    return True
