"""Tables of the funding service."""

from datetime import datetime

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
