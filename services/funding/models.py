"""Tables of the funding service."""

from sqlmodel import Field, SQLModel

from shared.chassis.db import new_registry
from shared.chassis.documents import DocumentRow
from shared.chassis.outbox import OutboxRow


class Base(SQLModel, registry=new_registry()):
    """What the tables of this service are declared on."""


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
