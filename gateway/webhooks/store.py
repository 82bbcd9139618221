"""The subscriptions and their deliveries in the database; a subscription is found by who may manage it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, text, true
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.webhooks.models import (
    DELETED,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
    WebhookSecret,
)
from gateway.webhooks.principals import owner_of
from shared.chassis.db import execute
from shared.chassis.errors import NotFound
from shared.policy.grants import Role
from shared.policy.permits import Permit

CHANNEL = "webhooks"
"""PostgreSQL notifications: there are deliveries, or, with the id of a subscription, it changed."""

_NOTIFY = text("SELECT pg_notify(:channel, :told)")


async def notify(session: AsyncSession, webhook_id: UUID | None = None) -> None:
    """Wake router and sender once the caller's transaction is committed."""
    await execute(session, _NOTIFY, channel=CHANNEL, told=str(webhook_id or ""))


def managed(permit: Permit) -> ColumnElement[bool]:
    """Return the condition that a subscription is managed by a principal: its client's own, for administrators all."""
    if any(grant.role is Role.ADMINISTRATOR and grant.is_everywhere for grant in permit.grants):
        return true()
    condition: ColumnElement[bool] = col(Webhook.client) == owner_of(permit.principal)
    return condition


async def find_webhook(
    session: AsyncSession, permit: Permit, webhook_id: UUID, *, locked: bool = False
) -> Webhook:
    """Return a subscription.

    Raises:
        NotFound: the principal manages none of that id.

    """
    statement = select(Webhook).where(
        col(Webhook.id) == webhook_id, col(Webhook.state) != DELETED, managed(permit)
    )
    row = (await session.exec(statement.with_for_update() if locked else statement)).one_or_none()
    if row is None:
        raise NotFound("There is no such webhook.")
    return row


async def list_of_webhooks(
    session: AsyncSession, permit: Permit, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Webhook]:
    """Return subscriptions, the newest first."""
    statement = select(Webhook).where(col(Webhook.state) != DELETED, managed(permit))
    if after is not None:
        created, id_ = after
        earlier = col(Webhook.created_at) < created
        statement = statement.where(
            or_(earlier, (col(Webhook.created_at) == created) & (col(Webhook.id) < id_))
        )
    order = (col(Webhook.created_at).desc(), col(Webhook.id).desc())
    return (await session.exec(statement.order_by(*order).limit(limit))).all()


async def count_of(session: AsyncSession, client: str) -> int:
    """Return how many subscriptions a client has."""
    statement = select(func.count()).where(col(Webhook.client) == client, col(Webhook.state) != DELETED)
    return (await session.exec(statement)).one()


async def keys_of(
    session: AsyncSession, webhook_ids: Iterable[UUID], now: datetime
) -> dict[UUID, list[WebhookSecret]]:
    """Return the keys of subscriptions that are in force, the newest first."""
    statement = (
        select(WebhookSecret)
        .where(
            col(WebhookSecret.webhook_id).in_(list(webhook_ids)),
            or_(col(WebhookSecret.expires_at).is_(None), col(WebhookSecret.expires_at) > now),
        )
        .order_by(col(WebhookSecret.created_at).desc(), col(WebhookSecret.id).desc())
    )
    keys: dict[UUID, list[WebhookSecret]] = defaultdict(list)
    for row in await session.exec(statement):
        keys[row.webhook_id].append(row)
    return keys


async def find_delivery(session: AsyncSession, webhook_id: UUID, event_id: UUID) -> WebhookDelivery:
    """Return a delivery.

    Raises:
        NotFound: there is none of that event.

    """
    row = await session.get(WebhookDelivery, (webhook_id, event_id))
    if row is None:
        raise NotFound("There is no such delivery.")
    return row


async def list_of_deliveries(  # noqa: PLR0913  (what a list is filtered by)
    session: AsyncSession,
    webhook_id: UUID,
    *,
    state: str | None,
    type_: str | None,
    since: datetime | None,
    after: int | None,
    limit: int,
) -> Sequence[WebhookDelivery]:
    """Return deliveries, the newest first."""
    statement = select(WebhookDelivery).where(col(WebhookDelivery.webhook_id) == webhook_id)
    if state is not None:
        statement = statement.where(col(WebhookDelivery.state) == state)
    if type_ is not None:
        statement = statement.where(col(WebhookDelivery.type) == type_)
    if since is not None:
        statement = statement.where(col(WebhookDelivery.created_at) >= since)
    if after is not None:
        statement = statement.where(col(WebhookDelivery.position) < after)
    return (await session.exec(statement.order_by(col(WebhookDelivery.position).desc()).limit(limit))).all()


async def attempts_of(
    session: AsyncSession, webhook_id: UUID, event_id: UUID, most: int
) -> Sequence[WebhookAttempt]:
    """Return the attempts at a delivery, the newest first."""
    statement = (
        select(WebhookAttempt)
        .where(col(WebhookAttempt.webhook_id) == webhook_id, col(WebhookAttempt.event_id) == event_id)
        .order_by(col(WebhookAttempt.id).desc())
        .limit(most)
    )
    return (await session.exec(statement)).all()
