"""Who asks, and the audit: what was fetched of issuers, and the proofs that were used."""

from collections.abc import Sequence

from shared.chassis.tables import create_common_tables, drop_common_tables

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    create_common_tables("gateway")


def downgrade() -> None:
    """Take back."""
    drop_common_tables()
