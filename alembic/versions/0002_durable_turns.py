"""durable turns."""

from collections import defaultdict

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import AutoString

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

OPEN_TURNS = """
    UPDATE sessions SET turn_id = (
        SELECT begun.turn_id FROM events AS begun
        WHERE begun.session_id = sessions.id AND begun.type = 'TurnStarted' AND NOT EXISTS (
            SELECT 1 FROM events AS ended
            WHERE ended.session_id = begun.session_id
            AND ended.turn_id = begun.turn_id AND ended.type = 'TurnFinished'
        )
        ORDER BY begun.seq DESC LIMIT 1
    )
"""
WAITING = """
    SELECT queued.session_id, queued.turn_id FROM events AS queued
    WHERE queued.type = 'PromptQueued' AND NOT EXISTS (
        SELECT 1 FROM events AS settled
        WHERE settled.session_id = queued.session_id
        AND settled.turn_id = queued.turn_id AND settled.type IN ('TurnStarted', 'PromptDropped')
    )
    ORDER BY queued.session_id, queued.seq
"""


def upgrade() -> None:
    op.create_table(
        "executors",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("beat_at", sa.Float(), nullable=False),
        sa.Column("host", AutoString(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sessions") as batch_op:
        batch_op.add_column(sa.Column("turn_id", AutoString(), nullable=True))
        batch_op.add_column(sa.Column("turn_part", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("is_parked", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("queue", JSON, nullable=False, server_default="[]"))
        batch_op.create_index("ix_sessions_turn_id", ["turn_id"], unique=False)
    _carry_over()
    with op.batch_alter_table("sessions") as batch_op:
        for column in ("turn_part", "is_parked", "queue"):
            batch_op.alter_column(column, server_default=None)


def _carry_over() -> None:
    """What an older version left open or waiting is gone on with."""
    connection = op.get_bind()
    connection.execute(sa.text(OPEN_TURNS))
    waiting: defaultdict[object, list[str]] = defaultdict(list)
    for session_id, turn_id in connection.execute(sa.text(WAITING)):
        waiting[session_id].append(turn_id)
    put = sa.text("UPDATE sessions SET queue = :queue WHERE id = :id").bindparams(
        sa.bindparam("queue", type_=JSON)
    )
    for session_id, queue in waiting.items():
        connection.execute(put, {"id": session_id, "queue": queue})


def downgrade() -> None:
    with op.batch_alter_table("sessions") as batch_op:
        batch_op.drop_index("ix_sessions_turn_id")
        for column in ("queue", "is_parked", "turn_part", "turn_id"):
            batch_op.drop_column(column)
    op.drop_table("executors")
