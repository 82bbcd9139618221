"""The tables of a service's audit: the same in every service, so that queries are written on these.

``audit_entry`` has what was done and what was refused, ``audit_link`` the chain over the entries, ``audit_unlinked`` the
ids of entries that the chain does not hold yet. ``audit_erasure`` tells which entry erased what of which other, and
``erased_payload`` which entry tells that an event was rewritten without the data of a person. The database itself
refuses to change what is there (``shared/chassis/audit/migration.py``). No table has foreign keys: verification finds what
they would, and they would lock an entry for each link.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared.chassis.db import new_registry

BEGIN = "begin_audit"
"""The action of the first entry; its identifier is the id of the last row of the outbox that no entry tells of."""

_METADATA = new_registry().metadata

ENTRY = Table(
    "audit_entry",
    _METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("principal", Text),
    Column("name", Text),
    Column("client", Text),
    Column("delegate", Text),
    Column("source", Text),
    Column("identity_salt", LargeBinary),
    Column("identity_digest", LargeBinary, nullable=False),
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("status", Integer),
    Column("code", Text),
    Column("count", Integer, nullable=False),
    Column("reason", Text),
    Column("reason_salt", LargeBinary),
    Column("reason_digest", LargeBinary),
    Column("correlation_id", Text, nullable=False),
    Column("aggregate", Text),
    Column("aggregate_id", Uuid),
    Column("identifier", Text),
    Column("version_before", Integer),
    Column("version_after", Integer),
    Column("event_id", Uuid),
    Column("event_digest", LargeBinary),
    Column("place_countries", ARRAY(Text), nullable=False),
    Column("place_organisations", ARRAY(Text), nullable=False),
    Column("place_projects", ARRAY(Uuid), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Index(None, "at", "id"),
    Index(None, "principal", "at"),
    Index(None, "identifier", "at"),
    Index(None, "correlation_id"),
    Index("ix_audit_entry_event_id", "event_id", postgresql_where=text("event_id IS NOT NULL")),
)
"""What was done or refused. Of an entry that erases others, ``event_digest`` is the digest of what it erased."""

LINK = Table(
    "audit_link",
    _METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", BigInteger, nullable=False, unique=True),
    Column("linked_at", DateTime(timezone=True), nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

UNLINKED = Table(
    "audit_unlinked",
    _METADATA,
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
)

ERASURE = Table(
    "audit_erasure",
    _METADATA,
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
    Column("part", Text, primary_key=True),
    Column("erasure_id", BigInteger, nullable=False, index=True),
)
"""``part`` is ``identity`` or ``reason``; ``erasure_id`` is the entry that tells of the erasure."""

ERASED_PAYLOAD = Table(
    "erased_payload",
    _METADATA,
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Uuid, nullable=False, index=True),
    Column("digest_before", LargeBinary, nullable=False),
    Column("digest_after", LargeBinary, nullable=False),
)


def add_audit_tables(metadata: MetaData) -> None:
    """Add the tables to those of a service."""
    for table in _METADATA.sorted_tables:
        table.to_metadata(metadata)
