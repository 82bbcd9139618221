"""Who started an import, and the grants that it was started with."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    op.add_column("import", sa.Column("started_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("import", sa.Column("grants", postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("import", "grants")
    op.drop_column("import", "started_by")
