"""Tables of the projects service."""

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.chassis.db import new_registry
from shared.chassis.documents import DocumentRow
from shared.chassis.outbox import OutboxRow


class Base(SQLModel, registry=new_registry()):
    """What the tables of this service are declared on."""


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
