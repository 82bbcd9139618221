"""Answers that were given under an idempotency key."""

from collections.abc import Sequence

from shared.chassis.idempotency.tables import create_answer_table, drop_answer_table

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    create_answer_table()


def downgrade() -> None:
    """Take back."""
    drop_answer_table()
