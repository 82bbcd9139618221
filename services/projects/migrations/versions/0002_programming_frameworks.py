"""Programming frameworks."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

JSON = postgresql.JSONB(astext_type=sa.Text())
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
    _document_table("programme_budget")
    _document_table(
        "country_programme",
        sa.Column("country", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
    )
    _document_table(
        "development_agenda",
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
    )
    _document_table(
        "fragility_list",
        sa.Column("publisher", TEXT, nullable=False),
        sa.Column("published", sa.Date(), nullable=False),
        sa.Column("countries", JSON, nullable=False),
    )
    _document_table(
        "field_office",
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("region", TEXT, nullable=True),
        sa.Column("countries", JSON, nullable=False),
    )
    for column in ("country", "status"):
        op.create_index(op.f(f"ix_country_programme_{column}"), "country_programme", [column], unique=False)
    for table in ("fragility_list", "field_office"):
        op.create_index(f"ix_{table}_countries", table, ["countries"], unique=False, postgresql_using="gin")


def downgrade() -> None:
    """Take back."""
    for table in (
        "field_office",
        "fragility_list",
        "development_agenda",
        "country_programme",
        "programme_budget",
    ):
        op.drop_table(table)
