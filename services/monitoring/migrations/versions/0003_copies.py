"""Copies of other owners' documents."""

from collections.abc import Sequence

from shared.chassis.migrations import create_copy_tables, drop_copy_tables

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    create_copy_tables()


def downgrade() -> None:
    """Take back."""
    drop_copy_tables()
