"""Tables of the monitoring service."""

from sqlmodel import SQLModel

from shared.chassis.db import new_registry
from shared.chassis.documents import DocumentRow
from shared.chassis.outbox import OutboxRow


class Base(SQLModel, registry=new_registry()):
    """What the tables of this service are declared on."""


class Outbox(OutboxRow, Base, table=True):
    """Facts of this service, until the relay has published them and after."""

    __tablename__ = "outbox"


class FrameworkRow(DocumentRow, Base, table=True):
    """The results framework of one IATI activity."""

    __tablename__ = "framework"

    indicators: int
