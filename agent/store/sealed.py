"""Where sealed values stand in the database, whatever they hold: what a new key has to reach."""

from collections import Counter
from typing import Any, NamedTuple

from sqlalchemy import LargeBinary, func
from sqlmodel import Session, SQLModel, col, select

from agent.store.services import OpenapiServiceRow
from agent.store.users import LlmConfigurationRow, SignInRow

HEAD = 5
"""Bytes of a sealed value that say its version and its key."""


class Column(NamedTuple):
    """A column of sealed values."""

    name: str
    """Of the table."""
    table: type[SQLModel]
    row: str
    """The column that names the row."""
    user: str
    """The column that says whose it is."""
    field: str
    is_all: bool
    """Whether the row is worth nothing without it."""

    def place(self, row: SQLModel) -> dict[str, str]:
        """What a value of this row was sealed for."""
        named = {"row": getattr(row, self.row), "user": getattr(row, self.user)}
        return {"table": self.name, **named, "field": self.field}


COLUMNS = (
    Column("llm_configurations", LlmConfigurationRow, "id", "user_id", "credentials", is_all=True),
    Column("openapi_services", OpenapiServiceRow, "id", "user_id", "credentials", is_all=False),
    Column("sign_ins", SignInRow, "state_hash", "owner", "sealed", is_all=True),
)


def heads(store: Session) -> Counter[bytes]:
    """How many values begin with which version and key."""
    found: Counter[bytes] = Counter()
    for column in COLUMNS:
        sealed: Any = col(getattr(column.table, column.field))
        head = func.substr(sealed, 1, HEAD, type_=LargeBinary)
        for each, count in store.exec(select(head, func.count()).where(sealed.is_not(None)).group_by(head)):
            found[bytes(each)] += count
    return found
