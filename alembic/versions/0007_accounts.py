"""accounts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import AutoString

from agent.store.columns import Utc

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ONE_OWNER = "(user_id IS NULL) <> (anonymous_session_id IS NULL)"


def upgrade() -> None:
    with op.batch_alter_table("login_sessions") as batch_op:
        batch_op.alter_column("user_id", existing_type=sa.Uuid(as_uuid=False), nullable=True)
        batch_op.add_column(sa.Column("anonymous_session_id", AutoString(), nullable=True))
        batch_op.add_column(sa.Column("browser", AutoString(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("place", AutoString(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("prompts", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("prompts_since", Utc(), nullable=True))
        batch_op.add_column(sa.Column("last_used_at", Utc(), nullable=True))
        batch_op.create_index("ix_login_sessions_place", ["place"], unique=False)
        batch_op.create_index(
            "ix_login_sessions_anonymous_session_id", ["anonymous_session_id"], unique=False
        )
        batch_op.create_check_constraint("ck_login_sessions_one_owner", ONE_OWNER)

    with op.batch_alter_table("api_tokens") as batch_op:
        batch_op.add_column(sa.Column("hint", AutoString(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("source", AutoString(), nullable=False, server_default="server"))
        # Until now there was one kind of token, the owner's, which may do everything.
        everything = '["sessions:read", "sessions:write", "settings:read", "settings:write"]'
        batch_op.add_column(sa.Column("scopes", JSON, nullable=False, server_default=everything))
        batch_op.add_column(sa.Column("expires_at", Utc(), nullable=True))
        batch_op.add_column(sa.Column("last_used_at", Utc(), nullable=True))

    with op.batch_alter_table("llm_configurations") as batch_op:
        batch_op.add_column(sa.Column("created_at", Utc(), nullable=False, server_default=sa.func.now()))
        batch_op.add_column(sa.Column("changed_at", Utc(), nullable=False, server_default=sa.func.now()))
        batch_op.add_column(sa.Column("renewing_until", Utc(), nullable=True))

    op.create_table(
        "device_codes",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("device_hash", AutoString(), nullable=False),
        sa.Column("user_hash", AutoString(), nullable=False),
        sa.Column("client", AutoString(), nullable=False),
        sa.Column("place", AutoString(), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("interval", sa.Integer(), nullable=False),
        sa.Column("polled_at", Utc(), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("device_hash"),
        sa.UniqueConstraint("user_hash"),
    )
    op.create_index("ix_device_codes_expires_at", "device_codes", ["expires_at"], unique=False)
    op.create_table(
        "sign_ins",
        sa.Column("state_hash", AutoString(), nullable=False),
        sa.Column("purpose", AutoString(), nullable=False),
        sa.Column("owner", AutoString(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("state_hash"),
    )
    op.create_index("ix_sign_ins_expires_at", "sign_ins", ["expires_at"], unique=False)
    op.create_table(
        "request_keys",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", AutoString(), nullable=False),
        sa.Column("key_hash", AutoString(), nullable=False),
        sa.Column("request_hash", AutoString(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", AutoString(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "key_hash"),
    )
    op.create_index("ix_request_keys_created_at", "request_keys", ["created_at"], unique=False)


def downgrade() -> None:
    op.drop_table("request_keys")
    op.drop_table("sign_ins")
    op.drop_table("device_codes")
    with op.batch_alter_table("llm_configurations") as batch_op:
        for name in ("renewing_until", "changed_at", "created_at"):
            batch_op.drop_column(name)

    with op.batch_alter_table("api_tokens") as batch_op:
        for name in ("last_used_at", "expires_at", "scopes", "source", "hint"):
            batch_op.drop_column(name)

    # Anonymous browsers have no place in the older shape.
    op.execute("DELETE FROM login_sessions WHERE user_id IS NULL")
    with op.batch_alter_table("login_sessions") as batch_op:
        batch_op.drop_constraint("ck_login_sessions_one_owner", type_="check")
        batch_op.drop_index("ix_login_sessions_anonymous_session_id")
        batch_op.drop_index("ix_login_sessions_place")
        for name in ("last_used_at", "prompts_since", "prompts", "place", "browser", "anonymous_session_id"):
            batch_op.drop_column(name)
        batch_op.alter_column("user_id", existing_type=sa.Uuid(as_uuid=False), nullable=False)
