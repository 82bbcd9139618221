"""Tables of the read model. They hold nothing that the events do not tell, so they can be dropped.

``fact`` keeps every version of every aggregate as its owner told it. All else is made of the newest versions: each
part of a project comes from one owner and lies in a table of its own, so that no owner's event rewrites another's
part. ``data``, and ``figures`` and ``listing``, which the rules of computation make of it, are JSON text, ready to
be sent.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Computed, Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel

from gateway.base import ReadBase
from shared.chassis.scoping import KnownPlace

PARTS = ("activity", "finance", "framework")
"""Aggregates that a project is told by; they have its id."""


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


class Fact(ReadBase, table=True):
    """One version of an aggregate, the event that told it, and where it belongs by the policy.

    ``aggregate`` is its noun in the catalog of events, and ``place_projects`` are identifiers. Of those that are ``erased`` the
    sequence is of the event that told them again, without a name; the first that told them came earlier. What a stream told
    that is no more has sequences below zero, in the order that they had. ``traceparent`` is the span that took it in, where that
    was traced; it is told to nobody.
    """

    __tablename__ = "fact"
    __table_args__ = (
        Index("ix_fact_told", "owner", "sequence"),
        Index(
            "ix_fact_projects",
            "place_projects",
            postgresql_using="gin",
            postgresql_where=text(f"aggregate NOT IN {PARTS}"),
        ),
    )

    aggregate: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    owner: str
    sequence: int = Field(sa_type=BigInteger)
    recorded_at: datetime = Field(index=True)
    actor: str
    rationale: str | None
    data: str = Field(sa_type=Text)
    event_id: UUID
    type: str
    occurred_at: datetime
    erased: bool
    traceparent: str | None
    identifier: str
    place_countries: list[str] = Field(sa_type=ARRAY(Text))
    place_organisations: list[str] = Field(sa_type=ARRAY(Text))
    place_projects: list[str] = Field(sa_type=ARRAY(Text))
    is_public: bool


class ProjectActivity(KnownPlace, ReadBase, table=True):
    """What ``projects`` tells of a project, and where it belongs by the policy."""

    __tablename__ = "project_activity"
    __table_args__ = (Index("ix_project_activity_search", "search", postgresql_using="gin"),)

    id: UUID = Field(primary_key=True)
    iati_identifier: str = Field(unique=True)
    version: int
    recorded_at: datetime
    status: str = Field(index=True)
    humanitarian: bool | None
    reporter: str | None
    secondary: bool
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


class ProjectContributions(ReadBase, table=True):
    """Which version of which contributions ``monitoring`` tells of a project."""

    __tablename__ = "project_contributions"

    id: UUID = Field(primary_key=True)
    document_id: UUID
    version: int
    recorded_at: datetime


class ProjectMembership(ReadBase, table=True):
    """A code of a dimension that a project belongs to, by the part that says so."""

    __tablename__ = "project_membership"
    __table_args__ = (Index("ix_project_membership_code", "dimension", "code", "label"),)

    project_id: UUID = Field(primary_key=True)
    part: str = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    label: str | None


class ProjectLink(ReadBase, table=True):
    """An activity that a project names: its parent or child, or the other side of its money.

    For ``parent`` and ``child`` there is nothing but the link. For money, ``amount`` and ``currency`` of one or more
    values (``count``) at ``stage`` tell what came from or went to the other on that day.
    """

    __tablename__ = "project_link"

    project_id: UUID = Field(primary_key=True)
    part: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    other_id: UUID = Field(primary_key=True, index=True)
    stage: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    amount: Decimal = Field(primary_key=True, sa_type=Numeric)
    moved_on: date = Field(primary_key=True)
    count: int


class Amounts(SQLModel):
    """Money of one project, code, currency, year and day of exchange rate; null where nothing was reported.

    ``code`` and ``currency`` are empty where they are not known, and ``valued_on`` is the last day of all where
    planned money has no value date.
    """

    project_id: UUID = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    valued_on: date = Field(primary_key=True)
    budget: Decimal | None = Field(sa_type=Numeric)
    pledge: Decimal | None = Field(sa_type=Numeric)
    incoming_commitment: Decimal | None = Field(sa_type=Numeric)
    commitment: Decimal | None = Field(sa_type=Numeric)
    receipt: Decimal | None = Field(sa_type=Numeric)
    disbursement: Decimal | None = Field(sa_type=Numeric)
    expenditure: Decimal | None = Field(sa_type=Numeric)


class ProjectMoney(Amounts, ReadBase, table=True):
    """A project's money as reported, whole (dimension ``all``) or attributed to one code.

    A project that states nothing in a sparse dimension has no rows of it: all of its money is without a code there.
    """

    __tablename__ = "project_money"
    __table_args__ = (Index("ix_project_money_code", "dimension", "code"),)


class ProjectExclusion(Amounts, ReadBase, table=True):
    """What of a project's money is counted elsewhere already, and why; it is part of ``project_money`` too."""

    __tablename__ = "project_exclusion"
    __table_args__ = (Index("ix_project_exclusion_dimension", "dimension"),)

    reason: str = Field(primary_key=True)


class Partner(ReadBase, table=True):
    """What ``funding`` tells of a partner organisation."""

    __tablename__ = "partner"

    id: UUID = Field(primary_key=True)
    organisation_identifier: str = Field(unique=True)
    version: int
    recorded_at: datetime


class RateSheet(ReadBase, table=True):
    """The exchange rates that a source published for one month."""

    __tablename__ = "rate_sheet"

    id: UUID = Field(primary_key=True)
    source: str = Field(index=True)
    month: str
    version: int
    recorded_at: datetime
