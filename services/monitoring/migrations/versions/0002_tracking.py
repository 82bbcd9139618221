"""Contributions, reports, locks, evaluations, training, publications and alerts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import AutoString

from shared.chassis.migrations import create_document_table

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    """Apply."""
    create_document_table(
        "contributions",
        sa.Column("outcomes", JSON, nullable=False),
    )
    op.create_index(
        "ix_contributions_outcomes", "contributions", ["outcomes"], unique=False, postgresql_using="gin"
    )
    create_document_table(
        "programme_framework",
        sa.Column("level", AutoString(), nullable=False),
    )
    op.create_index(op.f("ix_programme_framework_level"), "programme_framework", ["level"], unique=False)
    create_document_table(
        "report",
        sa.Column("iati_identifier", AutoString(), nullable=False),
        sa.Column("office", AutoString(), nullable=True),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
    )
    op.create_unique_constraint(
        op.f("uq_report_iati_identifier_period_start_period_end"),
        "report",
        ["iati_identifier", "period_start", "period_end"],
    )
    op.create_index(op.f("ix_report_iati_identifier"), "report", ["iati_identifier"], unique=False)
    op.create_index(op.f("ix_report_office"), "report", ["office"], unique=False)
    op.create_index(op.f("ix_report_state"), "report", ["state"], unique=False)
    op.create_index(op.f("ix_report_due_on"), "report", ["due_on"], unique=False)
    create_document_table(
        "period_lock",
        sa.Column("iati_identifier", AutoString(), nullable=True),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
    )
    op.create_index(op.f("ix_period_lock_iati_identifier"), "period_lock", ["iati_identifier"], unique=False)
    op.create_index(op.f("ix_period_lock_state"), "period_lock", ["state"], unique=False)
    create_document_table(
        "evaluation",
        sa.Column("iati_identifier", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
    )
    op.create_index(op.f("ix_evaluation_iati_identifier"), "evaluation", ["iati_identifier"], unique=False)
    op.create_index(op.f("ix_evaluation_state"), "evaluation", ["state"], unique=False)
    op.create_index(op.f("ix_evaluation_due_on"), "evaluation", ["due_on"], unique=False)
    create_document_table(
        "evaluation_policy",
        sa.Column("code", AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
    )
    op.create_index(op.f("ix_evaluation_policy_code"), "evaluation_policy", ["code"], unique=False)
    op.create_index(
        op.f("ix_evaluation_policy_valid_from"), "evaluation_policy", ["valid_from"], unique=False
    )
    create_document_table(
        "training",
        sa.Column("country", AutoString(), nullable=True),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("activities", JSON, nullable=False),
    )
    op.create_index(op.f("ix_training_country"), "training", ["country"], unique=False)
    op.create_index(op.f("ix_training_start"), "training", ["start"], unique=False)
    op.create_index(
        "ix_training_activities", "training", ["activities"], unique=False, postgresql_using="gin"
    )
    create_document_table(
        "publication",
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("activities", JSON, nullable=False),
        sa.Column("languages", JSON, nullable=False),
    )
    op.create_index(op.f("ix_publication_published_on"), "publication", ["published_on"], unique=False)
    op.create_index(
        "ix_publication_activities", "publication", ["activities"], unique=False, postgresql_using="gin"
    )
    op.create_index(
        "ix_publication_languages", "publication", ["languages"], unique=False, postgresql_using="gin"
    )
    create_document_table(
        "alert",
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
    )
    op.create_index(op.f("ix_alert_kind"), "alert", ["kind"], unique=False)
    op.create_index(op.f("ix_alert_state"), "alert", ["state"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_table("alert")
    op.drop_table("publication")
    op.drop_table("training")
    op.drop_table("evaluation_policy")
    op.drop_table("evaluation")
    op.drop_table("period_lock")
    op.drop_table("report")
    op.drop_table("programme_framework")
    op.drop_table("contributions")
