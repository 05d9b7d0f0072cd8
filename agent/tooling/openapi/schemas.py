"""Schemas of OpenAPI made into valid JSON Schema (2020-12), whatever small faults the document has.

Source: https://spec.openapis.org/oas/v3.0.4.html#schema-object, https://spec.openapis.org/oas/v3.1.1.html
"""

import math
import re
from collections.abc import Callable
from functools import lru_cache
from itertools import chain, count
from typing import Any, cast
from urllib.parse import unquote

from agent.tooling.openapi.description import Schema
from agent.tooling.openapi.references import LONGEST_CHAIN, as_list, as_object, target

TYPES = ("null", "boolean", "object", "array", "number", "string", "integer")
BYTES = {"type": "string", "contentEncoding": "base64"}
LONGEST_PATTERN = 1000
LONGEST_EXAMPLE, MOST_EXAMPLES = 200, 3

_INNER = frozenset(
    {"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"}
)
_LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})
_BOUNDS = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
_COUNTS = [f"{end}{what}" for end in ("min", "max") for what in ("Length", "Items", "Properties", "Contains")]
_UNSAID = object()


class Schemas:
    """The schemas of one document, converted as they are asked for."""

    def __init__(self, document: dict[str, Any], *, is_old: bool) -> None:
        self._document = document
        self._is_old = is_old
        self._names: dict[str, str] = {}
        """The definition's name, by the reference that means it."""
        self._taken: set[str] = set()
        self._waiting: list[tuple[str, Any]] = []
        self.definitions: dict[str, Schema] = {}
        """What the converted schemas refer to, by name."""

    def convert(self, schema: Any) -> Schema:
        """A schema of the document, and all that it refers to, in the form that is kept."""
        converted = self._converted(schema)
        while self._waiting:
            name, found = self._waiting.pop()
            self.definitions[name] = self._converted(found)
        return converted

    def _converted(self, schema: Any) -> Schema:
        if not isinstance(schema, dict):
            return schema is not False
        found = cast("dict[str, Any]", schema)
        if isinstance(reference := found.get("$ref"), str):
            return self._referred(reference, found)
        found = _asked(found)
        kept = {name: value for name, value in map(self._keyword, found.items()) if value is not _UNSAID}
        if found.get("format") == "binary":
            kept |= BYTES
        if "examples" not in kept and _is_short(found.get("example")):
            kept["examples"] = [found["example"]]
        return self._modern(kept, found) if self._is_old else kept

    def _referred(self, reference: str, schema: dict[str, Any]) -> Schema:
        name = self._name(reference)
        if name is None:
            return {"description": f"See {reference:.200}"}
        kept: dict[str, Any] = {"$ref": f"#/$defs/{name}"}
        if self._is_old:  # what stands beside a reference counts for nothing there
            return _or_null(kept) if schema.get("nullable") is True else kept
        beside = self._converted({key: value for key, value in schema.items() if key != "$ref"})
        return {**beside, **kept} if isinstance(beside, dict) else kept

    def _name(self, reference: str) -> str | None:
        """What is referred to, as a name among the definitions; None when it is not in the document."""
        found: Any = {"$ref": reference}
        for _ in range(LONGEST_CHAIN):
            if reference in self._names:
                return self._names[reference]
            found = target(self._document, reference)
            inner = as_object(found).get("$ref")
            if not isinstance(inner, str) or (not self._is_old and len(as_object(found)) > 1):
                break
            reference = inner
        else:
            return None
        if not isinstance(found, dict | bool):
            return None
        wanted = re.sub(r"[^\w.-]", "_", unquote(reference.rpartition("/")[2]))[:64] or "_"
        numbered = (f"{wanted}_{number}" for number in count(2))
        name = next(name for name in chain([wanted], numbered) if name not in self._taken)
        self._taken.add(name)
        self._names[reference] = name
        self._waiting.append((name, cast("Any", found)))
        return name

    def _keyword(self, item: tuple[str, Any]) -> tuple[str, Any]:
        name, value = item
        if name in _INNER:
            return name, self._converted(value) if isinstance(value, dict | bool) else _UNSAID
        if name in _LISTED:
            return name, self._list(value)
        if name in _NAMED:
            return name, self._mapping(name, value)
        fits = _CHECKS.get(name)
        return name, fits(value) if fits else _UNSAID

    def _list(self, value: Any) -> Any:
        return [self._converted(each) for each in as_list(value)] or _UNSAID

    def _mapping(self, name: str, value: Any) -> Any:
        if not isinstance(value, dict):
            return _UNSAID
        return {
            key: self._converted(each)
            for key, each in as_object(value).items()
            if name != "patternProperties" or _is_pattern(key)
        }

    def _modern(self, kept: dict[str, Any], schema: dict[str, Any]) -> Schema:
        for bound, exclusive in _BOUNDS.items():
            if schema.get(exclusive) is True and bound in kept:
                kept[exclusive] = kept.pop(bound)
        return _or_null(kept) if schema.get("nullable") is True else kept


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that takes null as well.

    >>> _or_null({"type": "string", "enum": ["a"]})
    {'type': ['string', 'null'], 'enum': ['a', None]}
    """
    if "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]} if schema else {}
    kinds = as_list(schema["type"]) or [schema["type"]]
    if "null" not in kinds:
        schema = {**schema, "type": [*kinds, "null"]}
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    return schema


def _asked(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without the properties that only an answer has.

    >>> _asked({"properties": {"id": {"readOnly": True}, "a": {}}, "required": ["id", "a"]})
    {'properties': {'a': {}}, 'required': ['a']}
    """
    properties = as_object(schema.get("properties"))
    answered = [name for name, each in properties.items() if as_object(each).get("readOnly") is True]
    if not answered:
        return schema
    asked: dict[str, Any] = {name: each for name, each in properties.items() if name not in answered}
    required = [name for name in as_list(schema.get("required")) if name not in answered]
    return {**schema, "properties": asked, "required": required}


def _is_short(example: Any) -> bool:
    return isinstance(example, str | int | float) and len(str(example)) <= LONGEST_EXAMPLE


def _kinds(value: Any) -> Any:
    listed = ["string" if kind == "file" else kind for kind in as_list(value) or [value]]
    if not all(kind in TYPES for kind in listed):
        return _UNSAID
    known = list(dict.fromkeys(listed))
    return known if isinstance(value, list) else known[0]


def _words(value: Any) -> Any:
    return list(dict.fromkeys(word for word in as_list(value) if isinstance(word, str))) or _UNSAID


def _dependent(value: Any) -> Any:
    lists = {name: _words(words) for name, words in as_object(value).items()}
    return {name: words for name, words in lists.items() if words is not _UNSAID} or _UNSAID


def _choices(value: Any) -> Any:
    return as_list(value) or _UNSAID


def _examples(value: Any) -> Any:
    return as_list(value)[:MOST_EXAMPLES] or _UNSAID


def _number(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if is_number else _UNSAID


def _count(value: Any) -> Any:
    number = _number(value)
    return _UNSAID if number is _UNSAID or number < 0 or number != int(number) else int(number)


def _step(value: Any) -> Any:
    number = _number(value)
    return _UNSAID if number is _UNSAID or number <= 0 else number


def _text(value: Any) -> Any:
    return value if isinstance(value, str) else _UNSAID


def _flag(value: Any) -> Any:
    return value if isinstance(value, bool) else _UNSAID


def _pattern(value: Any) -> Any:
    return value if isinstance(value, str) and _is_pattern(value) else _UNSAID


@lru_cache(maxsize=1000)
def _is_pattern(pattern: str) -> bool:
    if len(pattern) > LONGEST_PATTERN:
        return False
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "type": _kinds,
    "enum": _choices,
    "const": lambda value: value,
    "default": lambda value: value,
    "examples": _examples,
    "required": _words,
    "dependentRequired": _dependent,
    "multipleOf": _step,
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _number),
    **dict.fromkeys(_COUNTS, _count),
    "pattern": _pattern,
    **dict.fromkeys(("description", "format", "contentEncoding", "contentMediaType"), _text),
    **dict.fromkeys(("uniqueItems", "deprecated"), _flag),
}
"""What may stay of a keyword's value; others only document, or take too long to check."""
