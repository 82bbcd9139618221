"""Exchange rates."""

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
        "rate_seed",
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("seeded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_rate_seed")),
    )
    op.create_table(
        "rate_sheet",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("correlation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("base", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("month", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_sheet")),
        sa.UniqueConstraint("identifier", name=op.f("uq_rate_sheet_identifier")),
    )
    op.create_index(op.f("ix_rate_sheet_kind"), "rate_sheet", ["kind"], unique=False)
    op.create_index(op.f("ix_rate_sheet_month"), "rate_sheet", ["month"], unique=False)
    op.create_index(op.f("ix_rate_sheet_source"), "rate_sheet", ["source"], unique=False)
    op.create_index(op.f("ix_rate_sheet_updated_at"), "rate_sheet", ["updated_at"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_rate_sheet_updated_at"), table_name="rate_sheet")
    op.drop_index(op.f("ix_rate_sheet_source"), table_name="rate_sheet")
    op.drop_index(op.f("ix_rate_sheet_month"), table_name="rate_sheet")
    op.drop_index(op.f("ix_rate_sheet_kind"), table_name="rate_sheet")
    op.drop_table("rate_sheet")
    op.drop_table("rate_seed")
