"""The outbox: facts staged in the transaction that makes them true, for the relay to publish.

Rows are kept after they were published: they are the history of the service, and what a lost stream is
filled from.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text, text
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.db import execute
from shared.chassis.ids import uuid7
from shared.chassis.tracing import recorded_traceparent
from shared.contracts.catalog import EventType
from shared.contracts.events import Header, encode

CHANNEL = "outbox"
"""PostgreSQL notifications that wake the relay."""

_INSERT = text(
    "WITH staged AS (INSERT INTO outbox (event_id, aggregate_id, subject, payload, size, recorded_at)"  # noqa: S608
    " SELECT * FROM unnest(CAST(:event_id AS UUID[]), CAST(:aggregate_id AS UUID[]), CAST(:subject AS TEXT[]),"
    " CAST(:payload AS TEXT[]), CAST(:size AS INTEGER[]), CAST(:recorded_at AS TIMESTAMPTZ[])) RETURNING id)"
    f" SELECT pg_notify('{CHANNEL}', '') FROM (SELECT count(*) FROM staged) AS counted"
)


class OutboxRow(SQLModel):
    """Columns of an outbox; a service makes its table of them, named ``outbox``."""

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805
        """Index what waits to be published."""
        return (Index("ix_outbox_unpublished", "id", postgresql_where=text("published_at IS NULL")),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    event_id: UUID = Field(unique=True)
    aggregate_id: UUID = Field(index=True)
    subject: str
    payload: str = Field(sa_type=Text)
    size: int
    recorded_at: datetime
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Staged:
    """An event in the outbox; ``digest`` is the SHA-256 of its payload."""

    event_id: UUID
    digest: bytes


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened to one aggregate; ``data`` is the JSON text of the event type's contract."""

    type: EventType
    aggregate_id: UUID
    aggregate_version: int
    data: str
    occurred_at: datetime


async def stage(
    session: AsyncSession,
    facts: Sequence[Fact],
    *,
    actor: str,
    correlation_id: str,
    rationale: str | None = None,
) -> list[Staged]:
    """Write facts into the outbox, in the caller's transaction, and return their events."""
    now = datetime.now(UTC)
    headers = [_header(fact, now, actor, correlation_id, rationale) for fact in facts]
    payloads = [encode(header, fact.data) for header, fact in zip(headers, facts, strict=True)]
    encoded = [payload.encode() for payload in payloads]
    event_ids = [header.id for header in headers]
    await execute(
        session,
        _INSERT,
        event_id=event_ids,
        aggregate_id=[fact.aggregate_id for fact in facts],
        subject=[header.subject for header in headers],
        payload=payloads,
        size=[len(payload) for payload in encoded],
        recorded_at=[now] * len(facts),
    )
    return [
        Staged(id_, hashlib.sha256(payload).digest()) for id_, payload in zip(event_ids, encoded, strict=True)
    ]


def _header(fact: Fact, now: datetime, actor: str, correlation_id: str, rationale: str | None) -> Header:
    return Header(
        id=uuid7(),
        type=fact.type.name,
        version=fact.type.version,
        subject=fact.type.subject(fact.aggregate_id),
        aggregate_id=fact.aggregate_id,
        aggregate_version=fact.aggregate_version,
        occurred_at=fact.occurred_at,
        recorded_at=now,
        actor=actor,
        correlation_id=correlation_id,
        traceparent=recorded_traceparent(),
        rationale=rationale,
    )
