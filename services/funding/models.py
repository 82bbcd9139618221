"""Tables of the funding service."""

from datetime import date, datetime

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.chassis.copies import CopyLetterRow, CopyPositionRow, CopyRow
from shared.chassis.db import new_registry
from shared.chassis.documents import DocumentRow
from shared.chassis.outbox import OutboxRow
from shared.chassis.tables import add_common_tables


class Base(SQLModel, registry=new_registry()):
    """What the tables of this service are declared on."""


add_common_tables(Base.metadata)


class Outbox(OutboxRow, Base, table=True):
    """Facts of this service, until the relay has published them and after."""

    __tablename__ = "outbox"


class FinanceRow(DocumentRow, Base, table=True):
    """The money of one IATI activity."""

    __tablename__ = "finance"

    default_currency: str | None
    earmarking_category: str | None = Field(index=True)


class PartnerRow(DocumentRow, Base, table=True):
    """One partner organisation."""

    __tablename__ = "partner"

    type: str | None = Field(index=True)


class RateSheetRow(DocumentRow, Base, table=True):
    """The exchange rates that one source published for one month."""

    __tablename__ = "rate_sheet"

    source: str = Field(index=True)
    kind: str = Field(index=True)
    base: str
    month: str = Field(index=True)


class RateSeedRow(Base, table=True):
    """Which shipped history of a source has been taken in; what was changed since is not brought back."""

    __tablename__ = "rate_seed"

    source: str = Field(primary_key=True)
    digest: bytes
    seeded_at: datetime


class PartnerProfileRow(DocumentRow, Base, table=True):
    """What is known of one partner organisation beside its file."""

    __tablename__ = "partner_profile"

    type: str | None = Field(index=True)


class AgreementRow(DocumentRow, Base, table=True):
    """One partnership agreement; ``partners`` are the identifiers of those that have one."""

    __tablename__ = "agreement"
    __table_args__ = (Index("ix_agreement_partners", "partners", postgresql_using="gin"),)

    state: str = Field(index=True)
    kind: str
    pool: str | None = Field(index=True)
    partners: list[str] = Field(sa_type=JSONB)


class PoolRow(DocumentRow, Base, table=True):
    """One pool of un-earmarked money for a biennium."""

    __tablename__ = "pool"

    biennium: str = Field(index=True)


class PledgeRow(DocumentRow, Base, table=True):
    """One pledge."""

    __tablename__ = "pledge"

    state: str = Field(index=True)
    partner: str | None = Field(index=True)


class MobilisationTargetRow(DocumentRow, Base, table=True):
    """One target for what is to be mobilised in a biennium."""

    __tablename__ = "mobilisation_target"

    biennium: str = Field(index=True)


class WorkplanRow(DocumentRow, Base, table=True):
    """The work plan of one outcome for a biennium."""

    __tablename__ = "workplan"

    biennium: str = Field(index=True)
    outcome: str


class PriorityRuleRow(DocumentRow, Base, table=True):
    """One version of a rule of priorities; ``number`` is the version, which the row's own version is not."""

    __tablename__ = "priority_rule"

    code: str = Field(index=True)
    number: int
    valid_from: date


class ScenarioRow(DocumentRow, Base, table=True):
    """One scenario of allocations."""

    __tablename__ = "scenario"

    biennium: str = Field(index=True)
    state: str = Field(index=True)


class AlertRow(DocumentRow, Base, table=True):
    """One alert about money; ``subject`` is the identifier of what it is about."""

    __tablename__ = "alert"

    kind: str = Field(index=True)
    state: str = Field(index=True)
    subject: str = Field(index=True)


class AlertWatchRow(Base, table=True):
    """How far the watch has looked at the documents of a noun.

    ``seen`` is the time up to which changes were looked at, and ``day`` the last day that all were looked at.
    """

    __tablename__ = "alert_watch"

    noun: str = Field(primary_key=True)
    seen: datetime
    day: date


class Copy(CopyRow, Base, table=True):
    """What another owner published, as far as this service wants it."""

    __tablename__ = "copy"


class CopyPosition(CopyPositionRow, Base, table=True):
    """How far the stream of another owner has been read."""

    __tablename__ = "copy_position"


class CopyLetter(CopyLetterRow, Base, table=True):
    """What of another owner's stream could not be taken in."""

    __tablename__ = "copy_letter"
