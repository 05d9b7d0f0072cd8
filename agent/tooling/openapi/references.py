"""A document's objects and lists, and the references between them; another document is never fetched."""

from typing import Any, cast
from urllib.parse import unquote

LONGEST_CHAIN = 20
LONGEST_NUMBER = 9
"""Digits of a place in a list."""


def as_object(value: Any) -> dict[str, Any]:
    """An object of a document; an empty one where something else stands.

    >>> as_object({"a": 1}), as_object(None)
    ({'a': 1}, {})
    """
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """A list of a document; an empty one where something else stands.

    >>> as_list([1]), as_list("a")
    ([1], [])
    """
    return cast("list[Any]", value) if isinstance(value, list) else []


def target(document: dict[str, Any], reference: str) -> Any:
    """What a reference such as `#/components/schemas/Pet` points at; None when that is not in the document.

    >>> target({"a": {"b/c": [1, 2]}}, "#/a/b~1c/1")
    2
    >>> target({}, "https://example.org/pet.json") is None
    True
    """
    if not reference.startswith("#/"):
        return None
    found: Any = document
    for step in reference[2:].split("/"):
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and name.isascii() and name.isdecimal() and len(name) <= LONGEST_NUMBER:
            found = next(iter(as_list(found)[int(name) : int(name) + 1]), None)
        else:
            found = as_object(found).get(name)
    return found


def followed(document: dict[str, Any], value: Any) -> dict[str, Any] | None:
    """An object of the document, behind any references; None when it is none or they lead nowhere.

    >>> followed({"a": {"$ref": "#/b"}, "b": {"c": 1}}, {"$ref": "#/a"})
    {'c': 1}
    >>> followed({"a": {"$ref": "#/a"}}, {"$ref": "#/a"}) is None
    True
    """
    for _ in range(LONGEST_CHAIN):
        if not isinstance(value, dict):
            return None
        if not isinstance(reference := as_object(value).get("$ref"), str):
            return as_object(value)
        value = target(document, reference)
    return None
