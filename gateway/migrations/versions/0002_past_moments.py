"""Past states of the read model."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "past_moment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("generation_id", sa.Integer(), nullable=False),
        sa.Column("newest", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("used_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_moment")),
    )
    op.create_index(op.f("ix_past_moment_generation_id"), "past_moment", ["generation_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_past_moment_generation_id"), table_name="past_moment")
    op.drop_table("past_moment")
