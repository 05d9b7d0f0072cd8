"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from uuid import UUID

import uuid_utils
from sqlalchemy import JSON, DateTime, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

Id = Uuid(as_uuid=False)
Json = JSON().with_variant(JSONB(), "postgresql")


class Utc(TypeDecorator[datetime]):
    """A time in UTC; SQLite forgets the zone, so it is put back when read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Write a time in UTC: SQLite keeps the hour it is given and forgets its zone."""
        del dialect
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give a time read from the database its zone."""
        del dialect
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A new id; later ones sort after earlier ones (UUID version 7)."""
    return str(uuid_utils.uuid7())


def is_id(text: str) -> bool:
    """Whether a text is an id as our tables write them.

    >>> is_id("../etc"), is_id("0198c0de-0000-7000-8000-000000000000")
    (False, True)
    """
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
