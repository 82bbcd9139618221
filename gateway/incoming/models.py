"""Tables of what partners push: the sources, the secrets that they sign with, and the messages.

What a partner sent is kept sealed, and erased some days after it was done with; that it came, and what became of it, stays.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from gateway.base import Base

RECEIVED, APPLIED, IGNORED = "received", "applied", "ignored"
QUARANTINED, DISCARDED = "quarantined", "discarded"
"""States of a message: it waits to be applied, its command was taken, it needs none, it does not fit, a person let it be."""

_IS_RECEIVED = text("state = 'received'")
_HAS_BODY = text("sealed IS NOT NULL AND finished_at IS NOT NULL")


class IncomingSource(Base, table=True):
    """A system of a partner that pushes: with the grants that bound what its messages may do, and how they are mapped."""

    __tablename__ = "incoming_source"

    id: str = Field(primary_key=True)
    name: str
    partner: str
    grants: list[dict[str, Any]] = Field(sa_type=JSONB)
    mapping: dict[str, Any] = Field(sa_type=JSONB)
    version: int = 1
    created_at: datetime
    created_by: str
    changed_at: datetime | None = None
    changed_by: str | None = None
    disabled_at: datetime | None = None
    disabled_by: str | None = None


class IncomingSecret(Base, table=True):
    """What messages of a source are verified with, sealed: a shared secret, or a public key."""

    __tablename__ = "incoming_secret"

    id: str = Field(primary_key=True)
    source_id: str = Field(foreign_key="incoming_source.id", index=True)
    kind: str
    sealed: bytes
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None

    def is_in_force(self, now: datetime) -> bool:
        """Whether messages may be signed with it."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class IncomingMessage(Base, table=True):
    """One message. ``digest`` is the SHA-256 of its body, and ``seq`` the order in which messages came.

    ``subject`` is the thing of ours that it is about, as ``agreements/AG-1``: messages of a source about one subject are
    applied in order. ``corrected`` is what a person put in the place of the body, sealed too, and ``released_by`` who did,
    with the grants that the command is sent with then. ``problem`` tells why it is held: code, detail and errors.
    """

    __tablename__ = "incoming_message"
    __table_args__ = (
        UniqueConstraint("source_id", "webhook_id"),
        Index("ix_incoming_message_received", "source_id", "subject", "seq", postgresql_where=_IS_RECEIVED),
        Index("ix_incoming_message_state", "state", "seq"),
        Index("ix_incoming_message_subject", "source_id", "subject", "type", "seq"),
        Index("ix_incoming_message_bodies", "finished_at", postgresql_where=_HAS_BODY),
    )

    id: UUID = Field(primary_key=True)
    seq: int = Field(default=None, sa_type=BigInteger, sa_column_args=(Identity(),))
    source_id: str = Field(foreign_key="incoming_source.id")
    webhook_id: str
    secret_id: str
    digest: bytes
    sealed: bytes | None
    corrected: bytes | None = None
    type: str | None = None
    subject: str | None = None
    state: str
    attempts: int = 0
    next_at: datetime
    received_at: datetime
    finished_at: datetime | None = None
    operation: str | None = None
    write: str | None = None
    problem: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    released_by: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    decided_by: str | None = None
    rationale: str | None = None
