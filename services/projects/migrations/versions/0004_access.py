"""Who asks, the audit, and where documents belong."""

from collections.abc import Sequence

from shared.chassis.audit.migration import create_audit_tables, drop_audit_tables
from shared.chassis.migrations import (
    add_place_columns,
    create_identity_tables,
    drop_identity_tables,
    drop_place_columns,
)
from shared.chassis.personal.tables import create_erasure_table, drop_erasure_table

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLES = (
    "activity",
    "programme_budget",
    "country_programme",
    "development_agenda",
    "fragility_list",
    "field_office",
    "proposal",
    "criteria_set",
)


def upgrade() -> None:
    """Apply."""
    create_identity_tables()
    create_audit_tables("projects")
    create_erasure_table()
    add_place_columns(*TABLES)


def downgrade() -> None:
    """Take back."""
    drop_place_columns(*TABLES)
    drop_erasure_table()
    drop_audit_tables()
    drop_identity_tables()
