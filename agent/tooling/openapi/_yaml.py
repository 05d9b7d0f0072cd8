"""YAML 1.2 read into what JSON can hold: libyaml finds the events, its core schema says what they mean.

A loader for YAML 1.1 would read `no` as false and `12:30` as 750. One in Python takes nine seconds for a
megabyte.

Source: https://yaml.org/spec/1.2.2/#103-core-schema
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, cast

import yaml
from pydantic import JsonValue

from agent.core.errors import Invalid

MOST_VALUES = 2_000_000
"""Values of a document, those that aliases repeat counted each time."""
DEEPEST = 100

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,300}")
_BASED = re.compile(r"0o([0-7]{1,300})|0x([0-9a-fA-F]{1,300})")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TAG = "tag:yaml.org,2002:"
_KNOWN_TAGS = frozenset({f"{_TAG}{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null")})
_MERGE = "<<"


def load(text: str) -> JsonValue:
    """The one document that a text holds.

    Raises:
        Invalid: it is no YAML, holds what JSON cannot, repeats too much, or is nested too deeply.
    """
    events = cast("Callable[..., Iterator[Any]]", yaml.parse)  # pyright: ignore[reportUnknownMemberType]
    try:
        return _Building(events(text, Loader=yaml.CSafeLoader)).document()
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f" in line {error.problem_mark.line + 1}"
        raise _unreadable(f"{error.problem or error.context}{line}") from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise _unreadable(f"{error}".replace("\n", " ")) from None


def scalar(text: str) -> JsonValue:
    """What a plain word means.

    >>> [scalar(word) for word in ("no", "true", "012", "0o14", "1e3", "~", "12:30", "2026-01-02")]
    ['no', True, 12, 12, 1000.0, None, '12:30', '2026-01-02']
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if based := _BASED.fullmatch(text):
        return int(based[1], 8) if based[1] else int(based[2], 16)
    if _FLOAT.fullmatch(text) and abs(number := float(text)) != float("inf"):
        return number
    return text


class _Building:
    """Puts a document together from its events, and counts as it goes."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._left = MOST_VALUES
        self._anchored: dict[str, tuple[JsonValue, int]] = {}
        """By anchor: the value, and of how many values it consists."""

    def document(self) -> JsonValue:
        found: JsonValue = None
        for event in self._events:
            match event:
                case yaml.StreamStartEvent() | yaml.StreamEndEvent() | yaml.DocumentEndEvent():
                    pass
                case yaml.DocumentStartEvent() if found is None:
                    found = self._value(next(self._events), 0)
                case _:
                    raise _unreadable("it holds several documents")
        return found

    def _value(self, event: Any, depth: int) -> JsonValue:
        if isinstance(event, yaml.AliasEvent):
            return self._again(event)
        if event.tag not in _KNOWN_TAGS and event.tag not in {None, "!"}:
            raise _unreadable(f"the tag {event.tag!r:.60} has no meaning here{_where(event)}")
        if depth > DEEPEST:
            raise _unreadable(f"it is nested too deeply{_where(event)}")
        before = self._left
        self._count(1, event)
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._list(depth)
        else:
            value = self._mapping(depth)
        if event.anchor:
            self._anchored[event.anchor] = value, before - self._left
        return value

    def _again(self, event: Any) -> JsonValue:
        if event.anchor not in self._anchored:
            raise _unreadable(f"the alias {event.anchor!r:.60} names nothing, or itself{_where(event)}")
        value, size = self._anchored[event.anchor]
        self._count(size, event)
        return value

    def _count(self, values: int, event: Any) -> None:
        self._left -= values
        if self._left < 0:
            raise _unreadable(f"it has more than {MOST_VALUES:,} values{_where(event)}")

    def _scalar(self, event: Any) -> JsonValue:
        is_plain = event.implicit[0] or event.tag not in {None, "!", f"{_TAG}str"}
        return scalar(event.value) if is_plain else event.value.replace("\0", "")

    def _list(self, depth: int) -> JsonValue:
        items: list[JsonValue] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, depth + 1))
        return items

    def _mapping(self, depth: int) -> JsonValue:
        own: dict[str, JsonValue] = {}
        merged: dict[str, JsonValue] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise _unreadable(f"a key is no text{_where(event)}")
            self._count(1, event)
            # A key is what is written: the 200 of an answer is a word, whatever it looks like.
            key, is_plain = cast("str", event.value), event.implicit[0]
            value = self._value(next(self._events), depth + 1)
            if key == _MERGE and is_plain:
                merged = self._merged(value, event)
            elif key in own:
                raise _unreadable(f"the key {key!r:.60} stands there twice{_where(event)}")
            else:
                own[key] = value
        return {**merged, **own} if merged else own

    def _merged(self, value: JsonValue, event: Any) -> dict[str, JsonValue]:
        """The keys of mappings that are merged into another: of no YAML 1.2, but many write it."""
        merged: dict[str, JsonValue] = {}
        for mapping in reversed(value if isinstance(value, list) else [value]):
            if not isinstance(mapping, dict):
                raise _unreadable(f"only mappings can be merged{_where(event)}")
            merged.update(mapping)
        return merged


def _where(event: Any) -> str:
    return f" in line {event.start_mark.line + 1}"


def _unreadable(what: str) -> Invalid:
    return Invalid("service_unreadable", what=what)
