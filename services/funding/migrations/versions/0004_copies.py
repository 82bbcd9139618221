"""Copies of what projects publishes, and how far the watch has looked."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.chassis.migrations import create_copy_tables, drop_copy_tables

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    create_copy_tables()
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
    drop_copy_tables()
