"""The table of the answers that are kept: the same in every service."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import MetaData
from sqlmodel.sql.sqltypes import UTCDateTime

from shared.chassis.db import new_registry

_METADATA = new_registry().metadata

ANSWER = sa.Table(
    "kept_answer",
    _METADATA,
    sa.Column("key_digest", sa.LargeBinary, primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("headers", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("packing", sa.Text, nullable=False),
    sa.Column("answered_at", UTCDateTime(), nullable=False, index=True),
)
"""What was answered under a key; ``headers`` is a JSON object, and ``packing`` how the body is stored.

``key_digest`` is of principal and key, ``fingerprint`` of the request.
"""


def add_answer_table(metadata: MetaData) -> None:
    """Add the table to those of a service."""
    ANSWER.to_metadata(metadata)


def create_answer_table() -> None:
    """Create the table in a service's migrations."""
    op.create_table(
        "kept_answer",
        sa.Column("key_digest", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("packing", sa.Text(), nullable=False),
        sa.Column("answered_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key_digest", name=op.f("pk_kept_answer")),
    )
    op.create_index(op.f("ix_kept_answer_answered_at"), "kept_answer", ["answered_at"], unique=False)


def drop_answer_table() -> None:
    """Drop the table in a service's migrations."""
    op.drop_table("kept_answer")
