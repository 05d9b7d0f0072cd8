"""A person's services as an agent uses them: operations found by words, and called by name."""

import asyncio
import difflib
import json
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy.orm import defer
from sqlmodel import col, select

from agent.core.errors import MaestroError, ToolFailed
from agent.core.identity import User
from agent.store.engine import reading
from agent.store.services import OpenapiServiceRow
from agent.tooling.openapi.calling import Target, call
from agent.tooling.openapi.checking import takes
from agent.tooling.openapi.description import Description, Operation
from agent.tooling.openapi.fetching import PUBLIC
from agent.tooling.openapi.finding import Index
from agent.tooling.openapi.keeping import unsealed
from agent.tooling.web.fetching import Web

MOST_EXPLAINED, MOST_NAMED = 5, 20
LONGEST_SCHEMAS = 24_000
"""Characters of all the schemas of one answer."""
MOST_TAGS = 60
MOST_REMEMBERED, MOST_CHARACTERS = 16, 32_000_000
"""Descriptions, and characters of their JSON, that stay in memory."""


@dataclass(frozen=True)
class Known:
    """A description that has been read."""

    description: Description
    index: Index
    operations: dict[str, Operation]
    size: int
    """Characters of its JSON."""


_known: OrderedDict[tuple[str, str], Known] = OrderedDict()
"""By the service's id and the description's digest, the last used at the end; of the event loop alone."""


@dataclass(frozen=True)
class Services:
    """What the tools are given: the services of one person, and the way to them."""

    user: User
    web: Web = PUBLIC

    async def find(self, prompt: str, service: str = "") -> str:
        """Operations that fit the words, the best with their arguments.

        Raises:
            ToolFailed: there is no service, or none of this name.
        """
        if not service and ":" in prompt:
            rows = [row for row in await self._rows("") if prompt.strip().startswith(f"{row.name}:")]
            rows = rows or await self._rows("")
        else:
            rows = await self._rows(service)
        known = {row.name: await _read(row) for row in rows}
        found = [
            (score, name, operation)
            for name, each in known.items()
            for score, operation in each.index.find(prompt.strip().removeprefix(f"{name}:"))[: MOST_NAMED + 1]
        ]
        found.sort(key=lambda hit: -hit[0])
        if not found:
            return _overview(rows, known, prompt)
        return await asyncio.to_thread(_told, found, known)

    async def call(self, name: str, arguments: Mapping[str, Any], *, reads: bool) -> str:
        """Call an operation by its name, and tell what came back.

        Args:
            name: as `find` told it: `service:operation`.
            arguments: as its schema says.
            reads: whether only operations that change nothing may be called.

        Raises:
            ToolFailed: there is no such operation, or it could not be called.
        """
        service, _, wanted = name.strip().partition(":")
        [row] = await self._rows(service or "?")
        known = await _read(row)
        operation = known.operations.get(wanted) or _meant(row.name, known, wanted)
        if reads and not operation.reads:
            raise ToolFailed(f"{name} may change something ({operation.method.upper()}): use call_operation.")
        if not reads and operation.reads:
            raise ToolFailed(f"{name} only reads ({operation.method.upper()}): use read_operation.")
        try:
            stored = await asyncio.to_thread(unsealed, row)
        except MaestroError:
            raise ToolFailed(
                f"The credential of {row.name} cannot be opened. "
                "The person can enter it again in the settings."
            ) from None
        usable = {name: secret for name, secret in stored.items() if name in known.description.schemes}
        target = Target(row.name, known.description, row.server, usable)
        async with await self.web.client() as web:
            return await call(web, target, operation, arguments)

    async def _rows(self, service: str) -> list[OpenapiServiceRow]:
        """The services that may be used, without their descriptions: all, or the one of this name."""
        mine = select(OpenapiServiceRow).where(
            OpenapiServiceRow.user_id == self.user.id, col(OpenapiServiceRow.is_enabled)
        )
        wanted = mine.options(defer(cast("Any", OpenapiServiceRow.description))).order_by(
            OpenapiServiceRow.name
        )
        rows = await reading(lambda store: list(store.exec(wanted)))
        if not rows:
            raise ToolFailed("There are no services here. The person can add one in the settings.")
        found = [row for row in rows if service in {"", row.name}]
        if not found:
            names = ", ".join(row.name for row in rows)
            raise ToolFailed(f"There is no service {service!r:.80}, only {names}.")
        return found


async def _read(row: OpenapiServiceRow) -> Known:
    key = (row.id, row.digest)
    if key not in _known:
        asked = select(OpenapiServiceRow.description).where(
            OpenapiServiceRow.id == row.id, OpenapiServiceRow.digest == row.digest
        )
        text = await reading(lambda store: store.exec(asked).first())
        if text is None:
            raise ToolFailed(f"{row.name} was changed at this moment; try again.")
        _known[key] = await asyncio.to_thread(_parsed, text)
        _forget_the_oldest()
    _known.move_to_end(key)
    return _known[key]


def _parsed(text: str) -> Known:
    description = Description.model_validate_json(text)
    operations = {operation.name: operation for operation in description.operations}
    return Known(description, Index(description.operations), operations, len(text))


def _forget_the_oldest() -> None:
    while len(_known) > 1 and (
        len(_known) > MOST_REMEMBERED or sum(known.size for known in _known.values()) > MOST_CHARACTERS
    ):
        _known.popitem(last=False)


def _meant(service: str, known: Known, wanted: str) -> Operation:
    near = difflib.get_close_matches(wanted, known.operations, 3)
    meant = f" Perhaps {', '.join(f'{service}:{name}' for name in near)}?" if near else ""
    raise ToolFailed(
        f"{service} has no operation {wanted!r:.200}.{meant} find_operations finds them by words."
    )


def _told(found: list[tuple[float, str, Operation]], known: Mapping[str, Known]) -> str:
    lines: list[str] = []
    left = LONGEST_SCHEMAS
    for rank, (_, service, operation) in enumerate(found[:MOST_NAMED]):
        head = f"{service}:{operation.name}  {operation.method.upper()} {operation.path}  {operation.summary}"
        lines.append(head.rstrip())
        if rank >= MOST_EXPLAINED:
            continue
        schema = _schema(takes(known[service].description, operation), left, is_asked_for=rank == 0)
        left -= len(schema)
        if schema:
            lines += _explained(operation, schema)
    if len(found) > MOST_NAMED:
        lines.append("[There are more; say more precisely what you look for.]")
    return "\n".join(lines)


def _explained(operation: Operation, schema: str) -> list[str]:
    told = " ".join(operation.told.split())[:300]
    told = [f"  {told}"] if told and told != operation.summary else []
    return [*told, f"  {'read' if operation.reads else 'call'}_operation, arguments: {schema}", ""]


def _schema(schema: dict[str, Any], most: int, *, is_asked_for: bool) -> str:
    """A schema as text: whole, or what fits when it is the one that is looked for; else nothing."""
    whole = _compact(schema)
    if len(whole) <= most or not is_asked_for:
        return whole if len(whole) <= most else ""
    bare = _compact(_bare(schema))
    if len(bare) <= most:
        return bare
    names = {"properties": [*schema["properties"]], "required": schema.get("required", [])}
    return f"{_compact(names)} (their schemas are too long to tell)"[:most]


def _bare(value: Any) -> Any:
    """A schema without what only explains it."""
    if isinstance(value, list):
        return [_bare(each) for each in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    found = cast("dict[str, Any]", value)
    return {
        name: _bare(each)
        for name, each in found.items()
        if not (name in {"description", "examples"} and not isinstance(each, dict))
    }


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _overview(rows: list[OpenapiServiceRow], known: Mapping[str, Known], prompt: str) -> str:
    """What there is, when nothing was found."""
    lines = [f"[No operation fits {prompt!r:.200}.]"] if prompt.strip() else []
    for row in rows:
        operations = known[row.name].description.operations
        lines.append(f"{row.name}: {row.outline.get('title', '')}, {len(operations):,} operations")
        tags = Counter(tag for operation in operations for tag in operation.tags).most_common(MOST_TAGS)
        if tags:
            lines.append(f"  about {', '.join(tag for tag, _ in tags)}")
    return "\n".join(lines)
