"""An OpenAPI document (3.0, 3.1) made into the description that is kept."""

import re
from collections.abc import Iterator
from itertools import chain, count
from typing import Any

from agent.core.errors import Invalid
from agent.tooling.openapi import _bodies, _places
from agent.tooling.openapi._parameters import Parameters
from agent.tooling.openapi.description import WHOLE_BODY, Description, Operation
from agent.tooling.openapi.reading import Document, is_old
from agent.tooling.openapi.references import as_list, as_object, followed
from agent.tooling.openapi.schemas import Schemas

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
LONGEST_NAME = 200
LONGEST_WORDS = 1000
"""Characters of what a description says of an operation; the rest is for people."""

Schemes = tuple[tuple[str, ...], ...]


class Unusable(Exception):
    """An operation cannot be called; its text says why."""


def describe(document: Document) -> Description:
    """What is kept of a document.

    >>> operation = {"summary": "All pets"}
    >>> describe({"openapi": "3.1.0", "paths": {"/pets": {"get": operation}}}).operations[0].name
    'get_pets'

    Raises:
        Invalid: it describes nothing that can be called, or refers to itself without end.
    """
    try:
        return _Describing(document).description()
    except RecursionError:
        raise Invalid("service_unreadable", what="it is nested too deeply") from None


class _Describing:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._schemas = Schemas(document, is_old=is_old(document))
        self._parameters = Parameters(document, self._schemas)
        self._names: set[str] = set()
        self._offered = _places.schemes(document) or _places.UNDECLARED
        self._says_where = _says_where(document)
        self._left_out: list[str] = []

    def description(self) -> Description:
        operations = tuple(self._operations())
        if not operations:
            why = f": {self._left_out[0]}" if self._left_out else ""
            raise Invalid("service_unreadable", what=f"it describes nothing that can be called{why}")
        about = as_object(self._document.get("info"))
        return Description(
            title=words(about.get("title"))[:LONGEST_NAME],
            version=words(about.get("version"))[:LONGEST_NAME],
            told=words(about.get("description"))[:LONGEST_WORDS],
            servers=_places.servers(self._document.get("servers")),
            schemes=self._offered,
            operations=operations,
            definitions=self._schemas.definitions,
            left_out=tuple(self._left_out),
        )

    def _operations(self) -> Iterator[Operation]:
        for path, each in as_object(self._document.get("paths")).items():
            item = followed(self._document, each) or {}
            for method in METHODS:
                if isinstance(item.get(method), dict) and path.startswith("/"):
                    try:
                        yield self._operation(path, method, item)
                    except Unusable as error:
                        self._left_out.append(f"{method.upper()} {path}: {error}")

    def _operation(self, path: str, method: str, item: dict[str, Any]) -> Operation:
        found = as_object(item[method])
        body = _bodies.content(self._document, self._schemas, found.get("requestBody"))
        try:
            said = [*as_list(item.get("parameters")), *as_list(found.get("parameters"))]
            parameters = self._parameters.of(path, said, taken={WHOLE_BODY} if body else set())
        except ValueError as error:
            raise Unusable(str(error)) from None
        server = next(iter(_places.servers(found.get("servers") or item.get("servers"))), None)
        return Operation(
            name=self._name(words(found.get("operationId")), method, path),
            method=method,
            path=path,
            summary=words(found.get("summary") or item.get("summary"))[:LONGEST_WORDS],
            told=words(found.get("description") or item.get("description"))[:LONGEST_WORDS],
            tags=tuple(tag for tag in as_list(found.get("tags")) if isinstance(tag, str)),
            parameters=parameters,
            body=body,
            schemes=self._needed(found),
            server=_places.filled(server) if server else "",
        )

    def _name(self, wanted: str, method: str, path: str) -> str:
        if not wanted or not re.fullmatch(r"[!-~]+", wanted):
            wanted = re.sub(r"\W+", "_", f"{method}{path}").strip("_")
        wanted = wanted[:LONGEST_NAME]
        numbered = (f"{wanted}-{number}" for number in count(2))
        name = next(name for name in chain([wanted], numbered) if name not in self._names)
        self._names.add(name)
        return name

    def _needed(self, operation: dict[str, Any]) -> Schemes:
        said = operation.get("security", self._document.get("security"))
        if said is None:
            return ((),) if self._says_where else (*((name,) for name in self._offered), ())
        return tuple(tuple(as_object(each)) for each in as_list(said) if isinstance(each, dict)) or ((),)


def _says_where(document: Document) -> bool:
    """Whether a document says which operations need a credential; many describe the schemes and forget it."""
    paths = as_object(document.get("paths")).values()
    operations = chain.from_iterable(as_object(each).values() for each in paths)
    return "security" in document or any("security" in as_object(each) for each in operations)


def words(value: Any) -> str:
    """A text of a document, or none.

    >>> words(None), words(" a ")
    ('', 'a')
    """
    return value.strip() if isinstance(value, str) else ""
