"""Copies of other owners' documents."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision: str = "0003"
down_revision: str | None = "0002"
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


def downgrade() -> None:
    """Take back."""
    op.drop_table("copy_letter")
    op.drop_table("copy_position")
    op.drop_table("copy")
