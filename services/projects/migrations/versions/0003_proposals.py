"""Proposals and the criteria of their appraisal."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TEXT = sqlmodel.sql.sqltypes.AutoString()


def _document_table(name: str, *columns: sa.Column[Any]) -> None:
    """Create a table of documents with the columns that its list filters by."""
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("correlation_id", TEXT, nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint("identifier", name=op.f(f"uq_{name}_identifier")),
    )
    op.create_index(op.f(f"ix_{name}_updated_at"), name, ["updated_at"], unique=False)


def upgrade() -> None:
    """Apply."""
    _document_table(
        "proposal",
        sa.Column("state", TEXT, nullable=False),
        sa.Column("countries", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    )
    op.create_index(op.f("ix_proposal_state"), "proposal", ["state"], unique=False)
    op.create_index("ix_proposal_countries", "proposal", ["countries"], unique=False, postgresql_using="gin")
    _document_table(
        "criteria_set",
        sa.Column("code", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
    )
    op.create_index(op.f("ix_criteria_set_code"), "criteria_set", ["code"], unique=False)
    op.create_index(op.f("ix_criteria_set_valid_from"), "criteria_set", ["valid_from"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_table("criteria_set")
    op.drop_table("proposal")
