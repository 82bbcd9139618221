"""Tables of the webhooks: subscriptions, their secrets, what each is to be told, and how each attempt went.

No document of the domain is kept here: a delivery names a version of an aggregate, and is made of it when it is sent.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from gateway.base import Base

ENABLED, DISABLED, DELETED = "enabled", "disabled", "deleted"
"""States of a subscription; what belongs to a deleted one is removed step by step."""
PENDING, DELIVERED, FAILED, SKIPPED = "pending", "delivered", "failed", "skipped"
"""States of a delivery; one is skipped that the subscription may no longer see, or that was given up by its owner."""

_IS_PENDING = text("state = 'pending'")


class Webhook(Base, table=True):
    """A subscription: where to send what, for whom.

    ``made_by`` are issuer, subject, client and name of who made it, and ``grants`` what it may see; ``client`` names the
    system that owns it, with its issuer. A list of the filter that is empty restricts nothing. ``position`` is how far it
    was told of the feed where that is not as far as all others were.
    """

    __tablename__ = "webhook"

    id: UUID = Field(primary_key=True)
    url: str
    description: str
    event_types: list[str] = Field(sa_type=ARRAY(Text))
    countries: list[str] = Field(sa_type=ARRAY(Text))
    organisations: list[str] = Field(sa_type=ARRAY(Text))
    agreements: list[str] = Field(sa_type=ARRAY(Text))
    outcomes: list[str] = Field(sa_type=ARRAY(Text))
    payload: str
    signature: str
    state: str
    disabled_because: str | None = None
    disabled_at: datetime | None = None
    version: int = 1
    client: str = Field(index=True)
    made_by: dict[str, str] = Field(sa_type=JSONB)
    grants: list[dict[str, Any]] = Field(sa_type=JSONB)
    granted_at: datetime
    position: list[int] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    failing_since: datetime | None = None
    last_success_at: datetime | None = None
    created_at: datetime
    changed_at: datetime | None = None
    changed_by: str | None = None


class WebhookSecret(Base, table=True):
    """A key that deliveries are signed with, sealed; of an ed25519 pair ``public`` is what verifies."""

    __tablename__ = "webhook_secret"

    id: UUID = Field(primary_key=True)
    webhook_id: UUID = Field(foreign_key="webhook.id", index=True)
    kind: str
    sealed: bytes
    public: str | None = None
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None


class WebhookDelivery(Base, table=True):
    """That a subscription is to be told of one version, or that a thing was removed from what it sees.

    ``event_id`` is the ``webhook-id``. ``position`` puts deliveries in order; one that is asked for again gets a new one.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_pending", "webhook_id", "position", postgresql_where=_IS_PENDING),
        Index(
            "ix_webhook_delivery_pending_aggregate",
            *("webhook_id", "aggregate_id", "position"),
            postgresql_where=_IS_PENDING,
        ),
        Index("ix_webhook_delivery_listed", "webhook_id", "position"),
    )

    webhook_id: UUID = Field(primary_key=True)
    event_id: UUID = Field(primary_key=True)
    position: int = Field(default=None, sa_type=BigInteger, sa_column_args=(Identity(),))
    type: str
    aggregate: str
    aggregate_id: UUID
    identifier: str | None = None
    version: int
    removed: bool = False
    occurred_at: datetime
    state: str
    attempts: int = 0
    next_at: datetime
    last_status: int | None = None
    last_error: str | None = None
    created_at: datetime = Field(index=True)
    done_at: datetime | None = None


class WebhookAttempt(Base, table=True):
    """One attempt to deliver, with the start of the answer; ``error`` tells why there was none."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (Index("ix_webhook_attempt_delivery", "webhook_id", "event_id", "id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(),))
    webhook_id: UUID
    event_id: UUID
    at: datetime = Field(index=True)
    status: int | None = None
    error: str | None = None
    milliseconds: int
    answer: str


class WebhookPosition(Base, table=True):
    """How far the router has followed the feed; there is one row."""

    __tablename__ = "webhook_position"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    position: list[int] = Field(sa_type=JSONB)
    moved_at: datetime
