"""The text of a description, JSON or YAML 1.2, read into a document; never more than its bounds allow."""

import json
import re
from typing import Any, NoReturn, cast

from agent.core.errors import Invalid, LimitReached
from agent.tooling.openapi import _yaml

MOST = 20_000_000
"""Characters of a description; GitHub's has 13 million."""
_OPENAPI = re.compile(r"3\.[0-9]+(\.[0-9]+.*)?")

_ODD = re.compile(r"\\u(0000|[dD][89a-fA-F])")
"""Escapes of NUL, which PostgreSQL does not keep, and of halves of characters, which nobody can send."""

Document = dict[str, Any]


def read(text: str) -> Document:
    """The document that a text holds.

    >>> read("openapi: 3.1.0")
    {'openapi': '3.1.0'}

    Raises:
        LimitReached: it is too long.
        Invalid: it is neither JSON nor YAML, or no OpenAPI document.
    """
    if len(text) > MOST:
        raise LimitReached("service_too_large", most=f"{MOST // 10**6} MB")
    text = text.removeprefix("\ufeff")
    document = _parsed(text)
    if not isinstance(document, dict):
        raise Invalid("service_unreadable", what="it is no OpenAPI document")
    found = cast("Document", document)
    _require_version(found)
    return found


def is_old(document: Document) -> bool:
    """Whether it is of version 3.0, whose schemas are not quite JSON Schema.

    >>> is_old({"openapi": "3.0.3"}), is_old({"openapi": "3.1.0"})
    (True, False)
    """
    return str(document["openapi"]).startswith("3.0")


def _parsed(text: str) -> object:
    try:
        found = json.loads(text, parse_constant=_no_number)
        return _sendable(found) if _ODD.search(text) else found
    except RecursionError:
        raise Invalid("service_unreadable", what="it is nested too deeply") from None
    except ValueError as error:
        # What begins like JSON may be YAML still, but then hardly anybody's OpenAPI document.
        if text.lstrip().startswith(("{", "[")):
            raise Invalid("service_unreadable", what=str(error)) from None
    return _yaml.load(text)


def _sendable(value: Any) -> Any:
    """A value without NUL, and with a question mark for each half of a character."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_sendable(each) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {_sendable(name): _sendable(each) for name, each in cast("dict[str, Any]", value).items()}
    return value


def _require_version(document: Document) -> None:
    version = document.get("openapi")
    # YAML reads an unquoted 3.1 as a number.
    if isinstance(version, str | float) and _OPENAPI.fullmatch(str(version)):
        document["openapi"] = str(version)
        return
    if "swagger" in document:
        what = f"it is Swagger {document['swagger']!s:.20}; OpenAPI 3.0 or 3.1 is understood"
    else:
        what = f"it says openapi: {version!r:.40}; 3.0 and 3.1 are understood"
    raise Invalid("service_unreadable", what=what)


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")
