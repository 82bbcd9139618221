"""Tables of the projects service."""

from datetime import date

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

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


class ActivityRow(DocumentRow, Base, table=True):
    """One IATI activity."""

    __tablename__ = "activity"
    __table_args__ = (Index("ix_activity_countries", "countries", postgresql_using="gin"),)

    status: str = Field(index=True)
    reporting_organisation: str | None = Field(index=True)
    countries: list[str] = Field(sa_type=JSONB)


class ProgrammeBudgetRow(DocumentRow, Base, table=True):
    """The programme and budget of one biennium."""

    __tablename__ = "programme_budget"


class CountryProgrammeRow(DocumentRow, Base, table=True):
    """One country programme."""

    __tablename__ = "country_programme"

    country: str = Field(index=True)
    status: str = Field(index=True)
    period_start: date
    period_end: date


class DevelopmentAgendaRow(DocumentRow, Base, table=True):
    """One development agenda; ``valid_to`` is the last day of all where it has no end."""

    __tablename__ = "development_agenda"

    valid_from: date
    valid_to: date


class FragilityListRow(DocumentRow, Base, table=True):
    """One edition of a list of fragile contexts."""

    __tablename__ = "fragility_list"
    __table_args__ = (Index("ix_fragility_list_countries", "countries", postgresql_using="gin"),)

    publisher: str
    published: date
    countries: list[str] = Field(sa_type=JSONB)


class FieldOfficeRow(DocumentRow, Base, table=True):
    """One field office."""

    __tablename__ = "field_office"
    __table_args__ = (Index("ix_field_office_countries", "countries", postgresql_using="gin"),)

    kind: str
    region: str | None
    countries: list[str] = Field(sa_type=JSONB)


class ProposalRow(DocumentRow, Base, table=True):
    """One proposal, with its state and its appraisals."""

    __tablename__ = "proposal"
    __table_args__ = (Index("ix_proposal_countries", "countries", postgresql_using="gin"),)

    state: str = Field(index=True)
    countries: list[str] = Field(sa_type=JSONB)


class CriteriaSetRow(DocumentRow, Base, table=True):
    """One version of a set of criteria; ``number`` is the version, which the row's own version is not."""

    __tablename__ = "criteria_set"

    code: str = Field(index=True)
    number: int
    valid_from: date = Field(index=True)
