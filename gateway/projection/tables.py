"""Tables of the read model. They hold nothing that the events do not tell, so they can be dropped.

Each part of a project comes from one owner and lies in a table of its own, so that no owner's event
rewrites another's part. ``data`` is the fact as its owner told it; ``figures`` and ``listing`` are what the
rules of computation make of it. All three are JSON text, ready to be sent.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Computed, Index, Numeric, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field

from gateway.base import ReadBase


class Position(ReadBase, table=True):
    """How far into an owner's stream the read model has come; ``stream_created`` tells that stream from another."""

    __tablename__ = "position"

    owner: str = Field(primary_key=True)
    sequence: int = Field(sa_type=BigInteger)
    stream_created: datetime | None
    recorded_at: datetime | None = None


class DeadLetter(ReadBase, table=True):
    """A message that could not be taken in, and why; the rest went on."""

    __tablename__ = "dead_letter"

    owner: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True, sa_type=BigInteger)
    reason: str
    payload: bytes
    noted_at: datetime


class ProjectActivity(ReadBase, table=True):
    """What ``projects`` tells of a project."""

    __tablename__ = "project_activity"
    __table_args__ = (Index("ix_project_activity_search", "search", postgresql_using="gin"),)

    id: UUID = Field(primary_key=True)
    iati_identifier: str = Field(unique=True)
    version: int
    recorded_at: datetime
    status: str = Field(index=True)
    humanitarian: bool | None
    data: str = Field(sa_type=Text)
    listing: str = Field(sa_type=Text)
    words: str = Field(sa_type=Text)
    search: str | None = Field(
        default=None,
        sa_type=TSVECTOR,
        sa_column_args=(Computed("to_tsvector('simple', words)", persisted=True),),
    )


class ProjectFinance(ReadBase, table=True):
    """What ``funding`` tells of a project."""

    __tablename__ = "project_finance"

    id: UUID = Field(primary_key=True)
    iati_identifier: str = Field(unique=True)
    version: int
    recorded_at: datetime
    data: str = Field(sa_type=Text)
    listing: str = Field(sa_type=Text)
    figures: str = Field(sa_type=Text)
    budgets: int
    planned_disbursements: int
    transactions: int


class ProjectResults(ReadBase, table=True):
    """What ``monitoring`` tells of a project, with the counts that summaries add up."""

    __tablename__ = "project_results"

    id: UUID = Field(primary_key=True)
    iati_identifier: str = Field(unique=True)
    version: int
    recorded_at: datetime
    data: str = Field(sa_type=Text)
    listing: str = Field(sa_type=Text)
    figures: str = Field(sa_type=Text)
    figures_on: date | None
    settles_on: date | None = Field(index=True)
    results: int
    indicators: int
    indicators_reported: int
    indicators_with_progress: int
    indicators_on_track: int
    baselines: int
    periods: int
    targets: int
    actuals: int
    values_unreadable: int


class ProjectMembership(ReadBase, table=True):
    """A country, region, sector, donor or year that a project belongs to, by the part that says so."""

    __tablename__ = "project_membership"
    __table_args__ = (Index("ix_project_membership_code", "dimension", "code", "label"),)

    project_id: UUID = Field(primary_key=True)
    part: str = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    label: str | None


class ProjectMoney(ReadBase, table=True):
    """A project's money of one currency and year, whole (dimension ``all``) or attributed to one code.

    An amount is null where nothing was reported at that stage; ``code`` and ``currency`` are empty where
    they are not known.
    """

    __tablename__ = "project_money"
    __table_args__ = (Index("ix_project_money_code", "dimension", "code"),)

    project_id: UUID = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    budget: Decimal | None = Field(sa_type=Numeric)
    pledge: Decimal | None = Field(sa_type=Numeric)
    incoming_commitment: Decimal | None = Field(sa_type=Numeric)
    commitment: Decimal | None = Field(sa_type=Numeric)
    receipt: Decimal | None = Field(sa_type=Numeric)
    disbursement: Decimal | None = Field(sa_type=Numeric)
    expenditure: Decimal | None = Field(sa_type=Numeric)


class Partner(ReadBase, table=True):
    """What ``funding`` tells of a partner organisation."""

    __tablename__ = "partner"

    id: UUID = Field(primary_key=True)
    organisation_identifier: str = Field(unique=True)
    version: int
    recorded_at: datetime
    data: str = Field(sa_type=Text)
