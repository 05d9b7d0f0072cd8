"""attachments, drafts."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from agent.store.columns import Utc

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: that may make the table anew, and the events would go with the old one.
    op.add_column("sessions", sa.Column("draft", AutoString(), nullable=False, server_default=sa.text("''")))
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("session_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("media_type", AutoString(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", AutoString(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("sent_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_attachments_session_id", "attachments", ["session_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_attachments_session_id", table_name="attachments")
    op.drop_table("attachments")
    op.drop_column("sessions", "draft")
