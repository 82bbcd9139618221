"""Copies of what projects publishes, and how far the watch has looked."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "copy",
        sa.Column("aggregate", AutoString(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("aggregate", "id", name=op.f("pk_copy")),
    )
    op.create_table(
        "copy_position",
        sa.Column("owner", AutoString(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("stream_created", UTCDateTime(), nullable=True),
        sa.Column("subjects", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_copy_position")),
    )
    op.create_table(
        "copy_letter",
        sa.Column("owner", AutoString(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("noted_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "sequence", name=op.f("pk_copy_letter")),
    )
    op.create_table(
        "alert_watch",
        sa.Column("noun", AutoString(), nullable=False),
        sa.Column("seen", UTCDateTime(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("noun", name=op.f("pk_alert_watch")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("alert_watch")
    op.drop_table("copy_letter")
    op.drop_table("copy_position")
    op.drop_table("copy")
