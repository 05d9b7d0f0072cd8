"""The index of all that was said: its table, what of an event goes into it, and how it is asked.

The words are cut and folded by us (`core.search_query`), so both databases find the same.
"""

# pyright: reportAssignmentType=false
# SQLAlchemy types __tablename__ as a declared attribute; SQLModel documents the plain string used here.

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Literal, cast

from pydantic import JsonValue
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Dialect,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    column,
    insert,
    literal,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, Session, SQLModel, col, delete, select

from agent.core.events import (
    CheckpointRestored,
    Event,
    PromptSteered,
    StepFinished,
    ToolCallFinished,
    TurnStarted,
)
from agent.core.messages import Text as Words
from agent.core.messages import ToolCall, Value
from agent.core.search_query import SearchQuery, Term, folded_words
from agent.core.transcript import prompt_text
from agent.store.columns import Id
from agent.store.sessions import SessionRow

FIRST, LAST = 20_000, 5_000
"""Characters of a long text that can be found: of its beginning, and of its end."""
OF_TITLE = "§"
"""A word nobody can look for, as it is none, in front of each title."""

Kind = Literal["title", "prompt", "answer", "tool"]


class Folded(TypeDecorator[list[str]]):
    """Words in order: on PostgreSQL with their places, on SQLite as text for its index to read."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """The type of a database."""
        return dialect.type_descriptor(TSVECTOR() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> str | None:
        """Write words; their letters need no quotes."""
        if value is None:
            return None
        has_places = dialect.name == "postgresql"
        return " ".join(f"{word}:{at}" for at, word in enumerate(value, 1)) if has_places else " ".join(value)


class PassageRow(SQLModel, table=True):
    """A text that can be found; what it says stands in its event, and in the name of its session."""

    __tablename__ = "passages"
    __table_args__ = (
        UniqueConstraint("session_id", "seq", "part"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer, "sqlite")
    )
    """Later ones are newer."""
    session_id: str = Field(foreign_key="sessions.id", sa_type=Id, ondelete="CASCADE")
    seq: int = Field(sa_type=BigInteger)
    """The number of its event; 0 for the title."""
    part: int = 0
    """Which part of the event's message."""
    kind: str
    words: list[str] = Field(sa_column=Column(Folded, nullable=False))


ADDED = insert(cast("Table", vars(PassageRow)["__table__"])).inline()
INDEX = table("passages_index", column("rowid", Integer), column("passages_index", Text))
"""The index of the table's words: on SQLite a table that follows it, on PostgreSQL an index like any other.

Only the migration knows how it is made.
"""


class Passage(Value):
    """A text of an event that can be found."""

    part: int
    kind: Kind
    text: str
    row_id: str = ""
    """Of the row that shows it; empty for an answer, whose row counts its turn's steps."""


def passages(event: Event) -> list[Passage]:
    """What of an event can be found.

    >>> started = TurnStarted(turn_id="t", prompt=(Words(text="Buy milk"),), model="m", mode="ask")
    >>> passages(started)
    [Passage(part=0, kind='prompt', text='Buy milk', row_id='t')]
    """
    match event:
        case TurnStarted():
            row_id = event.call.id if event.call else event.turn_id
            found = [Passage(part=0, kind="prompt", text=prompt_text(event.prompt), row_id=row_id)]
        case PromptSteered():
            found = [Passage(part=0, kind="prompt", text=prompt_text(event.prompt), row_id=event.prompt_id)]
        case ToolCallFinished():
            found = [
                Passage(part=0, kind="tool", text=_bounded(event.result.text), row_id=event.result.call_id)
            ]
        case StepFinished():
            found = list(_of_step(event))
        case _:
            found = []
    return [passage for passage in found if passage.text.strip()]


def _of_step(event: StepFinished) -> Iterator[Passage]:
    for number, part in enumerate(event.message.parts):
        match part:
            case Words():
                yield Passage(part=number, kind="answer", text=_bounded(part.text))
            case ToolCall():
                said = " ".join([part.name, *_texts(part.arguments), part.malformed])
                yield Passage(part=number, kind="tool", text=_bounded(said), row_id=part.id)
            case _:
                pass


def _texts(value: JsonValue) -> Iterator[str]:
    """The texts within a value, in order."""
    match value:
        case str():
            yield value
        case dict():
            yield from chain.from_iterable(map(_texts, value.values()))
        case list():
            yield from chain.from_iterable(map(_texts, value))
        case _:
            pass


def _bounded(text: str) -> str:
    return text if len(text) <= FIRST + LAST else f"{text[:FIRST]}\n…\n{text[-LAST:]}"


def index(store: Session, session_id: str, seq: int, event: Event) -> None:
    """Let what an event says be found, within its transaction; what a session went back before is not."""
    if isinstance(event, CheckpointRestored):
        gone = delete(PassageRow).where(
            col(PassageRow.session_id) == session_id, col(PassageRow.seq) > event.seq
        )
        store.exec(gone)
    for passage in passages(event):
        _add(store, session_id, seq, passage.part, passage.kind, folded_words(passage.text))


def entitle(store: Session, session_id: str, name: str) -> None:
    """Let a session be found by its name, and no more by the one it had."""
    store.exec(delete(PassageRow).where(col(PassageRow.session_id) == session_id, col(PassageRow.seq) == 0))
    if found := folded_words(name):
        _add(store, session_id, 0, 0, "title", [OF_TITLE, *found])


def _add(store: Session, session_id: str, seq: int, part: int, kind: Kind, found: list[str]) -> None:
    if found:
        values = {"session_id": session_id, "seq": seq, "part": part, "kind": kind, "words": found}
        store.connection().execute(ADDED, values)  # past the unit of work, which takes twice the time


def meets(dialect: str, query: SearchQuery, *, is_title: bool | None = None) -> ColumnElement[bool]:
    """The condition that a passage has what is wanted; on SQLite `INDEX` must be joined.

    Args:
        dialect: the database's name.
        query: what is looked for; it wants something.
        is_title: whether titles are meant, or all but titles; None for all.
    """
    titles = [Term(words=(OF_TITLE,))]
    wanted = [*(titles if is_title else []), *query.wanted]
    unwanted = [*(titles if is_title is False else []), *query.unwanted]
    if dialect == "postgresql":
        asked = " & ".join([*map(_on_postgres, wanted), *(f"!({_on_postgres(term)})" for term in unwanted)])
        return col(PassageRow.words).op("@@")(literal(asked, TSQUERY))
    asked = f"({_joined(' AND ', wanted)})"
    asked += f" NOT ({_joined(' OR ', unwanted)})" if unwanted else ""
    return INDEX.c.passages_index.op("MATCH")(literal(asked, Text))


def found_in(dialect: str, query: SearchQuery, *, is_title: bool | None = None) -> ColumnElement[bool]:
    """The condition that a session has a passage with what is wanted; see `meets`."""
    wanted = select(PassageRow.session_id).where(meets(dialect, query, is_title=is_title))
    if dialect == "sqlite":
        wanted = wanted.select_from(INDEX).join(PassageRow, col(PassageRow.id) == INDEX.c.rowid)
    return col(SessionRow.id).in_(wanted)


def _on_postgres(term: Term) -> str:
    *firsts, last = term.words
    return " <-> ".join([*firsts, f"{last}:*" if term.is_prefix else last])


def _joined(by: str, terms: Iterable[Term]) -> str:
    return by.join(f'"{" ".join(term.words)}"{" *" if term.is_prefix else ""}' for term in terms)
