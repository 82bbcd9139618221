"""Who asks, and the audit: what was fetched of issuers, and the proofs that were used."""

from collections.abc import Sequence

from shared.chassis.audit.migration import create_audit_tables, drop_audit_tables
from shared.chassis.migrations import create_identity_tables, drop_identity_tables
from shared.chassis.personal.tables import create_erasure_table, drop_erasure_table

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    create_identity_tables()
    create_audit_tables("gateway")
    create_erasure_table()


def downgrade() -> None:
    """Take back."""
    drop_erasure_table()
    drop_audit_tables()
    drop_identity_tables()
