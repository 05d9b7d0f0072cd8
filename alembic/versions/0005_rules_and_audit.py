"""rules and audit."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from agent.store.columns import Utc
from agent.store.exact import Exact

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

GROWS_ONLY = {
    # REPLACE removes without asking a trigger for DELETE, so what comes in is looked at too.
    "sqlite": (
        """
        CREATE TRIGGER audit_entries_at_the_end BEFORE INSERT ON audit_entries
        WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit_entries)
        BEGIN SELECT RAISE(ABORT, 'audit entries are added at the end'); END
        """,
        """
        CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
        BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END
        """,
        """
        CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
        BEGIN SELECT RAISE(ABORT, 'audit entries are never removed'); END
        """,
    ),
    "postgresql": (
        """
        CREATE FUNCTION audit_entries_grow_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'audit entries are never changed or removed'; END $$
        """,
        """
        CREATE TRIGGER audit_entries_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
        FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_grow_only()
        """,
    ),
}
"""Triggers of each database; they go with their table."""


def upgrade() -> None:
    op.create_table(
        "rules",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("session_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("workspace", AutoString(), nullable=False),
        sa.Column("tool", AutoString(), nullable=False),
        sa.Column("decision", AutoString(), nullable=False),
        sa.Column("arguments", Exact(), nullable=True),
        sa.Column("commands", Exact(), nullable=False),
        sa.Column("paths", Exact(), nullable=False),
        sa.Column("source", AutoString(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=True),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("last_hit_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("rules") as batch_op:
        batch_op.create_index("ix_rules_session_id", ["session_id"], unique=False)
        batch_op.create_index("ix_rules_user_id", ["user_id"], unique=False)
    op.create_table(
        "audit_entries",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", AutoString(), nullable=False),
        sa.Column("user_id", AutoString(), nullable=False),
        sa.Column("session_id", AutoString(), nullable=False),
        sa.Column("turn_id", AutoString(), nullable=False),
        sa.Column("action", AutoString(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous_hash", AutoString(), nullable=False),
        sa.Column("hash", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    with op.batch_alter_table("audit_entries") as batch_op:
        batch_op.create_index("ix_audit_entries_user_id_seq", ["user_id", "seq"], unique=False)
    for statement in GROWS_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("audit_entries")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_entries_grow_only()")
    op.drop_table("rules")
