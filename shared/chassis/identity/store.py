"""What identity keeps in a service's database: what was fetched of the issuers last, and the proofs that were used."""

import time
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import MetaData, Text, delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col, func, select

from shared.chassis.db import Database, new_registry

SWEEP_SECONDS = 60
MOST_SWEPT = 10_000


class _Base(SQLModel, registry=new_registry()):
    """What the tables are declared on: the same in every service."""


class IdentityDocument(_Base, table=True):
    """What was fetched of issuers.

    ``source`` is the address that it is of, so that keys of an address that is trusted no more are not taken up again.
    """

    __tablename__ = "identity_document"

    source: str = Field(primary_key=True)
    document: str = Field(sa_type=Text)
    fetched_at: datetime


class SeenProof(_Base, table=True):
    """Proofs of keys that were used."""

    __tablename__ = "seen_proof"

    digest: bytes = Field(primary_key=True)
    until: datetime = Field(index=True)


def add_identity_tables(metadata: MetaData) -> None:
    """Add the tables to those of a service."""
    for table in _Base.metadata.sorted_tables:
        table.to_metadata(metadata)


class KeyStore(Protocol):
    """Keeps what was fetched of issuers, by its source, from one run of a process to the next."""

    async def load(self, source: str) -> str | None:
        """Return what was saved last, None if nothing was."""

    async def save(self, source: str, document: str) -> None:
        """Keep a document, instead of what was saved before."""


class SeenProofs(Protocol):
    """Remembers the proofs that were used, for all replicas of a service."""

    async def note(self, jti_hash: bytes, until: datetime) -> bool:
        """Take note of a proof until it is too old to be used anyway; False if it was used before."""


class DatabaseKeyStore:
    """Keeps what was fetched in a table of the service's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, source: str) -> str | None:
        """Return what was saved last, None if nothing was."""
        statement = select(IdentityDocument.document).where(col(IdentityDocument.source) == source)
        async with self._database.session() as session:
            return (await session.exec(statement)).first()

    async def save(self, source: str, document: str) -> None:
        """Keep a document; one that is kept already is not written again."""
        row = {"source": source, "document": document, "fetched_at": datetime.now(UTC)}
        statement = insert(IdentityDocument).values(row)
        statement = statement.on_conflict_do_update(
            index_elements=["source"],
            set_={"document": statement.excluded.document, "fetched_at": statement.excluded.fetched_at},
            where=col(IdentityDocument.document) != statement.excluded.document,
        )
        async with self._database.session() as session, session.begin():
            await session.exec(statement)


class DatabaseSeenProofs:
    """Remembers proofs in a table of the service's database; those that are over are swept every minute, on the way."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._next_sweep = 0.0

    async def note(self, jti_hash: bytes, until: datetime) -> bool:
        """Take note of a proof; False if it was used before, here or at another replica."""
        statement = insert(SeenProof).values(digest=jti_hash, until=until).on_conflict_do_nothing()
        async with self._database.session() as session, session.begin():
            is_new = (await session.exec(statement)).rowcount == 1
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + SWEEP_SECONDS
            await self._sweep()
        return is_new

    async def _sweep(self) -> None:
        """Delete what is over, by the clock of the database, and not what another replica is deleting."""
        over = (
            select(SeenProof.digest)
            .where(col(SeenProof.until) < func.now())
            .limit(MOST_SWEPT)
            .with_for_update(skip_locked=True)
        )
        statement = delete(SeenProof).where(col(SeenProof.digest).in_(over))
        async with self._database.session() as session, session.begin():
            await session.exec(statement)
