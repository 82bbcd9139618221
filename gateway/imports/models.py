"""Tables of the imports: the file until it is done, and the report that stays."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from gateway.base import Base


class Import(Base, table=True):
    """One file that was taken in, who started it, and how far it has come.

    ``started_by`` are issuer, subject, client and name, and ``grants`` those that let it be started; null of imports from
    before that was kept.
    """

    __tablename__ = "import"

    id: UUID = Field(primary_key=True)
    status: str = Field(index=True)
    dry_run: bool
    kind: str
    iati_version: str
    facts: dict[str, Any] = Field(sa_type=JSONB)
    size: int = Field(sa_type=BigInteger)
    total: int
    done: int = 0
    accepted: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    notices: int = 0
    last_writes: dict[str, str] = Field(default_factory=dict, sa_type=JSONB)
    waiting_for: str | None = None
    problem: str | None = None
    started_by: dict[str, str] | None = Field(default=None, sa_type=JSONB)
    grants: list[dict[str, Any]] | None = Field(default=None, sa_type=JSONB)
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ImportChunk(Base, table=True):
    """A piece of the uploaded file; deleted when the import is done."""

    __tablename__ = "import_chunk"

    import_id: UUID = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    data: bytes


class ImportItem(Base, table=True):
    """What became of one activity or organisation of the file."""

    __tablename__ = "import_item"

    import_id: UUID = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    line: int
    identifier: str | None
    outcome: str
    problems: list[dict[str, Any]] = Field(sa_type=JSONB)
    notices: list[dict[str, Any]] = Field(sa_type=JSONB)
