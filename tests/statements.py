"""Statements are put together once for each kind of database: a test's own engine would begin with none.

To do so is half of what it costs to open the agent. What is kept is what an engine keeps for itself, under
keys that name its dialect; so dialects that would write the same count as one.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy.engine.base import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

KEPT = 4000
_kept: Any = LRUCache(KEPT)


def keep() -> None:
    """From here on, in this process."""
    if Engine.__init__ is not _begun_with_all:
        Engine.__init__ = _begun_with_all
        DefaultDialect.__eq__ = _writes_the_same
        DefaultDialect.__hash__ = _by_its_kind


_begun: Callable[..., None] = Engine.__init__


def _begun_with_all(self: Engine, *given: Any, **named: Any) -> None:
    _begun(self, *given, **named)
    self._compiled_cache = _kept


def _writes_the_same(self: DefaultDialect, other: object) -> bool:
    return self is other or (isinstance(other, DefaultDialect) and _manner(self) == _manner(other))


def _by_its_kind(self: DefaultDialect) -> int:
    return hash(type(self))


def _manner(dialect: DefaultDialect) -> tuple[object, ...]:
    """What a dialect was told or has learned of its server that shows in what it writes."""
    learned = getattr(dialect, "server_version_info", None)
    told = (getattr(dialect, f"_json_{way}serializer", None) for way in ("", "de"))
    return type(dialect), dialect.paramstyle, learned, *told
