"""search, pinned sessions."""

import sqlalchemy as sa
from alembic import op
from pydantic import ValidationError
from sqlmodel import Session
from sqlmodel.sql.sqltypes import AutoString

from agent.core.events import EVENT, Event, ToolCallStarted
from agent.store.columns import Utc
from agent.store.search import Folded, entitle, index
from agent.store.sessions import CHANGING

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BATCH = 200
"""Events that are in memory at once."""
FOLLOWS = (
    """
    CREATE VIRTUAL TABLE passages_index USING fts5(
        words, content='passages', content_rowid='id', tokenize='ascii', columnsize=0
    )
    """,
    """
    CREATE TRIGGER passages_come AFTER INSERT ON passages
    BEGIN INSERT INTO passages_index (rowid, words) VALUES (NEW.id, NEW.words); END
    """,
    """
    CREATE TRIGGER passages_go AFTER DELETE ON passages
    BEGIN
        INSERT INTO passages_index (passages_index, rowid, words) VALUES ('delete', OLD.id, OLD.words);
    END
    """,
)
"""SQLite's index, and what keeps it with its table; passages are never changed."""

Events = sa.table(
    "events",
    sa.column("session_id", sa.Uuid(as_uuid=False)),
    sa.column("seq", sa.BigInteger()),
    sa.column("body", sa.Text()),
)
Sessions = sa.table(
    "sessions",
    sa.column("id", sa.Uuid(as_uuid=False)),
    sa.column("name", AutoString()),
    sa.column("has_changes", sa.Boolean()),
    sa.column("updated_at", Utc()),
)


def upgrade() -> None:
    # Not in a batch: that may make the table anew, and the events would go with the old one.
    op.add_column("sessions", sa.Column("pinned_at", Utc(), nullable=True))
    op.add_column(
        "sessions", sa.Column("has_changes", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "passages",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("session_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("words", Folded(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("session_id", "seq", "part"),
        sqlite_autoincrement=True,
    )
    for statement in FOLLOWS if is_sqlite else ():
        op.execute(statement)
    _fill(Session(op.get_bind()))
    if not is_sqlite:
        op.create_index("passages_index", "passages", ["words"], unique=False, postgresql_using="gin")
        op.execute(
            "ANALYZE passages"
        )  # without, a common word takes a hundred times as long; later it is known


def _fill(store: Session) -> None:
    """Let all be found that was said before, the sessions that were used last as the newest."""
    known = sa.select(Sessions.c.id, Sessions.c.name).order_by(Sessions.c.updated_at)
    for session_id, name in store.execute(known).all():
        entitle(store, session_id, name)
        seq, has_changes = 0, False
        while batch := _events(store, session_id, seq):
            for seq, event in batch:
                if event is not None:
                    index(store, session_id, seq, event)
                has_changes |= isinstance(event, ToolCallStarted) and event.call.name in CHANGING
        if has_changes:
            store.execute(sa.update(Sessions).where(Sessions.c.id == session_id).values(has_changes=True))


def _events(store: Session, session_id: str, after: int) -> list[tuple[int, Event | None]]:
    body = sa.cast(Events.c.body, sa.Text())
    wanted = sa.select(Events.c.seq, body).where(Events.c.session_id == session_id, Events.c.seq > after)
    found = store.execute(wanted.order_by(Events.c.seq).limit(BATCH))
    return [(seq, _event(body)) for seq, body in found]


def _event(body: str) -> Event | None:
    """The event; None when it is damaged, which the session itself will say."""
    try:
        return EVENT.validate_json(body)
    except ValidationError:
        return None


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE passages_index")
    op.drop_table("passages")
    op.drop_column("sessions", "has_changes")
    op.drop_column("sessions", "pinned_at")
