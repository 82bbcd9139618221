"""Partnerships, work plans and alerts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import AutoString

from shared.chassis.migrations import create_document_table

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    """Apply."""
    create_document_table(
        "partner_profile",
        sa.Column("type", AutoString(), nullable=True),
    )
    op.create_index(op.f("ix_partner_profile_type"), "partner_profile", ["type"], unique=False)
    create_document_table(
        "agreement",
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("pool", AutoString(), nullable=True),
        sa.Column("partners", JSON, nullable=False),
    )
    op.create_index(op.f("ix_agreement_state"), "agreement", ["state"], unique=False)
    op.create_index(op.f("ix_agreement_pool"), "agreement", ["pool"], unique=False)
    op.create_index("ix_agreement_partners", "agreement", ["partners"], unique=False, postgresql_using="gin")
    create_document_table(
        "pool",
        sa.Column("biennium", AutoString(), nullable=False),
    )
    op.create_index(op.f("ix_pool_biennium"), "pool", ["biennium"], unique=False)
    create_document_table(
        "pledge",
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("partner", AutoString(), nullable=True),
    )
    op.create_index(op.f("ix_pledge_state"), "pledge", ["state"], unique=False)
    op.create_index(op.f("ix_pledge_partner"), "pledge", ["partner"], unique=False)
    create_document_table(
        "mobilisation_target",
        sa.Column("biennium", AutoString(), nullable=False),
    )
    op.create_index(
        op.f("ix_mobilisation_target_biennium"), "mobilisation_target", ["biennium"], unique=False
    )
    create_document_table(
        "workplan",
        sa.Column("biennium", AutoString(), nullable=False),
        sa.Column("outcome", AutoString(), nullable=False),
    )
    op.create_index(op.f("ix_workplan_biennium"), "workplan", ["biennium"], unique=False)
    create_document_table(
        "priority_rule",
        sa.Column("code", AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
    )
    op.create_index(op.f("ix_priority_rule_code"), "priority_rule", ["code"], unique=False)
    create_document_table(
        "scenario",
        sa.Column("biennium", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
    )
    op.create_index(op.f("ix_scenario_biennium"), "scenario", ["biennium"], unique=False)
    op.create_index(op.f("ix_scenario_state"), "scenario", ["state"], unique=False)
    create_document_table(
        "alert",
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("subject", AutoString(), nullable=False),
    )
    op.create_index(op.f("ix_alert_kind"), "alert", ["kind"], unique=False)
    op.create_index(op.f("ix_alert_state"), "alert", ["state"], unique=False)
    op.create_index(op.f("ix_alert_subject"), "alert", ["subject"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_table("alert")
    op.drop_table("scenario")
    op.drop_table("priority_rule")
    op.drop_table("workplan")
    op.drop_table("mobilisation_target")
    op.drop_table("pledge")
    op.drop_table("pool")
    op.drop_table("agreement")
    op.drop_table("partner_profile")
