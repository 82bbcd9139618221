"""Who asks, the audit, and where documents belong."""

from collections.abc import Sequence

from shared.chassis.migrations import (
    add_place_columns,
    drop_place_columns,
)
from shared.chassis.tables import create_common_tables, drop_common_tables

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
    create_common_tables("projects")
    add_place_columns(*TABLES)


def downgrade() -> None:
    """Take back."""
    drop_place_columns(*TABLES)
    drop_common_tables()
