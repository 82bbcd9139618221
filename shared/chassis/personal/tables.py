"""The table of erasures: the same in every service."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy import MetaData, Table
from sqlmodel import Field, SQLModel
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.chassis.db import new_registry


class _Base(SQLModel, registry=new_registry()):
    """What the table is declared on."""


class Erasure(_Base, table=True):
    """One erasure of a person; the counts are of the run that finished it.

    While it is not finished, ``digest`` tells with ``salt`` whether another request is about the same names.
    """

    __tablename__ = "erasure"

    id: UUID = Field(primary_key=True)
    pseudonym: str
    reason: str
    salt: bytes | None = None
    digest: bytes | None = None
    documents: int = 0
    events: int = 0
    messages: int = 0
    entries: int = 0
    begun_at: datetime
    finished_at: datetime | None = None


def add_erasure_table(metadata: MetaData) -> None:
    """Add the table to those of a service."""
    table: Table = Erasure.__table__  # type: ignore[attr-defined]
    table.to_metadata(metadata)


def create_erasure_table() -> None:
    """Create the table in a service's migrations."""
    op.create_table(
        "erasure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pseudonym", AutoString(), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("begun_at", UTCDateTime(), nullable=False),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )


def drop_erasure_table() -> None:
    """Drop the table in a service's migrations."""
    op.drop_table("erasure")
