from sqlalchemy import LargeBinary
from sqlmodel import SQLModel

from agent import accounts
from agent.accounts import sign_ins
from agent.core.identity import User
from agent.core.provider import Credential
from agent.store import sealing
from agent.store.engine import reading
from agent.store.sealed import COLUMNS, heads


def test_every_column_of_bytes_is_known_here() -> None:
    """A new one is sealed, and then a new key has to reach it, or it says here why not."""
    found = {
        (table.name, column.name)
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert found == {(column.name, column.field) for column in COLUMNS}


def test_the_columns_there_are_those_of_their_tables() -> None:
    for column in COLUMNS:
        table = SQLModel.metadata.tables[column.name]
        assert {column.row, column.user, column.field} <= {each.name for each in table.columns}
        assert [each.name for each in table.primary_key] == [column.row]


async def test_what_is_sealed_is_counted_by_its_key(owner: User) -> None:
    assert not await reading(heads)
    for provider in ("openai", "gemini"):
        await accounts.keep_credential(owner, provider, Credential.model_validate({"secret": "k"}), "pasted")
    await sign_ins.keep("state", "provider", owner.id, b"x")
    (first,) = sealing.key_heads()
    assert await reading(heads) == {first: 3}
