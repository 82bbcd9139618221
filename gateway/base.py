"""What the gateway's tables are declared on: those it keeps for good, and the read model that can be dropped."""

from sqlmodel import SQLModel

from shared.chassis.db import new_registry
from shared.chassis.tables import add_common_tables


class Base(SQLModel, registry=new_registry()):
    """Tables under Alembic: imports, and the generations of the read model."""


add_common_tables(Base.metadata)


class ReadBase(SQLModel, registry=new_registry()):
    """Tables of the read model, made anew with each generation."""
