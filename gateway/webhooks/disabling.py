"""Disabling a subscription whose endpoint fails or is gone, and telling the other endpoints of its client."""

from datetime import UTC, datetime
from uuid import UUID

import structlog
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.webhooks.catalogue import ENDPOINT_DISABLED, matches
from gateway.webhooks.models import DISABLED, ENABLED, PENDING, Webhook, WebhookDelivery
from gateway.webhooks.store import notify
from shared.chassis.ids import uuid7

FAILING, GONE, VOID = "failing", "gone", "void"

_log = structlog.get_logger()


async def disable(session: AsyncSession, webhook_id: UUID, because: str) -> None:
    """Disable a subscription that is enabled, in the caller's transaction; what it was to be told waits."""
    row = await session.get(Webhook, webhook_id, with_for_update=True)
    if row is None or row.state != ENABLED:
        return
    now = datetime.now(UTC)
    row.state, row.disabled_because, row.disabled_at = DISABLED, because, now
    row.version += 1
    _log.warning("webhook.disabled", webhook=str(webhook_id), because=because)
    if because != VOID:
        await _tell_others(session, row, now)
    await session.flush()
    await notify(session, webhook_id)


async def _tell_others(session: AsyncSession, disabled: Webhook, now: datetime) -> None:
    others = select(Webhook).where(
        col(Webhook.client) == disabled.client, col(Webhook.state) == ENABLED, col(Webhook.id) != disabled.id
    )
    event_id = uuid7()
    for other in (await session.exec(others)).all():
        if matches(other.event_types, ENDPOINT_DISABLED):
            session.add(
                WebhookDelivery(
                    webhook_id=other.id,
                    event_id=event_id,
                    type=ENDPOINT_DISABLED,
                    aggregate="webhook",
                    aggregate_id=disabled.id,
                    version=disabled.version,
                    occurred_at=now,
                    state=PENDING,
                    next_at=now,
                    created_at=now,
                )
            )
