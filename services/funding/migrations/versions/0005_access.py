"""Who asks, the audit, and where documents belong, and where projects that are copied do."""

from collections.abc import Sequence

from shared.chassis.migrations import (
    add_copy_places,
    add_place_columns,
    drop_copy_places,
    drop_place_columns,
)
from shared.chassis.tables import create_common_tables, drop_common_tables

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLES = (
    "finance",
    "partner",
    "rate_sheet",
    "partner_profile",
    "agreement",
    "pool",
    "pledge",
    "mobilisation_target",
    "workplan",
    "priority_rule",
    "scenario",
    "alert",
)


def upgrade() -> None:
    """Apply."""
    create_common_tables("funding")
    add_place_columns(*TABLES)
    add_copy_places()


def downgrade() -> None:
    """Take back."""
    drop_copy_places()
    drop_place_columns(*TABLES)
    drop_common_tables()
