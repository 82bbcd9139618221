"""What is done with subscriptions; each is one use case in the caller's transaction."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.feed.positions import Position
from gateway.issuer.sealing import Sealer
from gateway.webhooks.models import (
    DELETED,
    DISABLED,
    ENABLED,
    FAILED,
    PENDING,
    SKIPPED,
    Webhook,
    WebhookDelivery,
    WebhookSecret,
)
from gateway.webhooks.positions import kept, least, unkept
from gateway.webhooks.principals import made_by, owner_of
from gateway.webhooks.schemas import NewWebhook, NewWebhookSecret, WebhookChange
from gateway.webhooks.signing import new_key
from gateway.webhooks.store import count_of, notify
from shared.chassis.db import execute
from shared.chassis.errors import Conflict
from shared.chassis.ids import uuid7
from shared.policy.permits import Permit

ASKED = "asked"
"""Why a subscription is disabled by who manages it."""

_AGAIN = text(
    "UPDATE webhook_delivery SET state = 'pending', attempts = 0, next_at = :now, done_at = NULL,"
    " position = nextval(pg_get_serial_sequence('webhook_delivery', 'position'))"
    " WHERE webhook_id = :webhook_id AND event_id = :event_id"
)
_RECOVER = text("""
    WITH failed AS MATERIALIZED (
        SELECT event_id FROM webhook_delivery
        WHERE webhook_id = :webhook_id AND state = 'failed' AND type <> 'devcoop.ping' AND created_at >= :since
        ORDER BY position
    ), renewed AS MATERIALIZED (
        SELECT event_id, nextval(pg_get_serial_sequence('webhook_delivery', 'position')) AS position FROM failed
    )
    UPDATE webhook_delivery AS d
    SET state = 'pending', attempts = 0, next_at = :now, done_at = NULL, position = renewed.position
    FROM renewed WHERE d.webhook_id = :webhook_id AND d.event_id = renewed.event_id
""")


async def create_webhook(
    session: AsyncSession, permit: Permit, command: NewWebhook, *, position: Position, most: int
) -> Webhook:
    """Make a subscription that is told what happens after a position.

    Raises:
        Conflict: there is one of that id, or the client has as many as it may have.

    """
    owner, now = owner_of(permit.principal), datetime.now(UTC)
    if await count_of(session, owner) >= most:
        raise Conflict(f"A client has at most {most} webhooks.", code="too-many-webhooks")
    values: dict[str, Any] = {
        "id": command.id or uuid7(),
        **command.model_dump(include={"url", "description", "payload", "signature"}),
        "event_types": list(command.event_types),
        **_lists(command.filter.model_dump()),
        "state": ENABLED,
        "version": 1,
        "client": owner,
        **made_by(permit.principal),
        "granted_at": now,
        "position": kept(position),
        "created_at": now,
    }
    made = insert(Webhook).values(values).on_conflict_do_nothing().returning(col(Webhook.id))
    if (await session.exec(made)).one_or_none() is None:
        raise Conflict("There is a webhook of that id already.", code="already-exists")
    await notify(session, values["id"])
    return await session.get_one(Webhook, values["id"])


async def change_webhook(
    session: AsyncSession, permit: Permit, webhook: Webhook, command: WebhookChange
) -> None:
    """Change a subscription; by its own client it acts with the grants of the present token from now on."""
    for name in ("url", "description", "payload"):
        value = getattr(command, name)
        if value is not None:
            setattr(webhook, name, value)
    if command.event_types is not None:
        webhook.event_types = list(command.event_types)
    if command.filter is not None:
        for name, values in _lists(command.filter.model_dump()).items():
            setattr(webhook, name, values)
    _renew(webhook, permit)
    await _changed(session, permit, webhook)


async def add_key(  # noqa: PLR0913
    session: AsyncSession,
    sealer: Sealer,
    webhook: Webhook,
    *,
    kind: str,
    by: str,
    overlap: timedelta = timedelta(),
) -> tuple[WebhookSecret, str | None]:
    """Make a key that signs, and return it with the secret to tell; older ones sign beside it for a while."""
    now = datetime.now(UTC)
    sooner = col(WebhookSecret.expires_at).is_(None) | (col(WebhookSecret.expires_at) > now + overlap)
    await session.exec(
        update(WebhookSecret)
        .where(col(WebhookSecret.webhook_id) == webhook.id, sooner)
        .values(expires_at=now + overlap)
    )
    key, id_ = new_key(kind), uuid7()
    row = WebhookSecret(
        id=id_,
        webhook_id=webhook.id,
        kind=kind,
        sealed=sealer.seal(key.content, str(id_)),
        public=key.public,
        created_at=now,
        created_by=by,
    )
    session.add(row)
    await session.flush()
    return row, key.told


async def rotate_key(
    session: AsyncSession, sealer: Sealer, permit: Permit, webhook: Webhook, command: NewWebhookSecret
) -> str | None:
    """Make another key, and return the secret to tell."""
    webhook.signature = command.signature or webhook.signature
    _, secret = await add_key(
        session,
        sealer,
        webhook,
        kind=webhook.signature,
        by=permit.principal.name,
        overlap=timedelta(seconds=command.overlap_seconds),
    )
    await _changed(session, permit, webhook)
    return secret


async def enable_webhook(
    session: AsyncSession, permit: Permit, webhook: Webhook, *, now_at: Position | None
) -> None:
    """Let a subscription go on: where it stopped, or, where a position is told, from there on."""
    webhook.state, webhook.disabled_because, webhook.disabled_at = ENABLED, None, None
    webhook.failing_since = None
    if now_at is not None:
        webhook.position = kept(now_at)
        await give_up(session, webhook.id, SKIPPED)
    _renew(webhook, permit)
    await _changed(session, permit, webhook)


async def disable_webhook(session: AsyncSession, permit: Permit, webhook: Webhook) -> None:
    """Let a subscription be told nothing until it is enabled again."""
    if webhook.state == ENABLED:
        webhook.state, webhook.disabled_because = DISABLED, ASKED
        webhook.disabled_at = datetime.now(UTC)
        await _changed(session, permit, webhook)


async def delete_webhook(session: AsyncSession, permit: Permit, webhook: Webhook) -> None:
    """Delete a subscription with its keys; what else belongs to it goes step by step."""
    await session.exec(delete(WebhookSecret).where(col(WebhookSecret.webhook_id) == webhook.id))
    webhook.state = DELETED
    await _changed(session, permit, webhook)


async def redeliver(session: AsyncSession, delivery: WebhookDelivery) -> None:
    """Tell one version again; it gets a new position, so that an attempt that is under way does not count for it."""
    await execute(
        session,
        _AGAIN,
        webhook_id=delivery.webhook_id,
        event_id=delivery.event_id,
        now=datetime.now(UTC),
    )
    await session.refresh(delivery)
    await notify(session, delivery.webhook_id)


async def replay(session: AsyncSession, permit: Permit, webhook: Webhook, position: Position) -> None:
    """Tell everything again from a position on."""
    webhook.position = kept(least(position, unkept(webhook.position)))
    await _changed(session, permit, webhook)


async def undeleted(session: AsyncSession, webhook_id: UUID | None = None) -> list[Webhook]:
    """Return all subscriptions, or one, to be changed; none if it is deleted."""
    asked = [col(Webhook.state) != DELETED]
    if webhook_id is not None:
        asked.append(col(Webhook.id) == webhook_id)
    return list(await session.exec(select(Webhook).where(*asked).with_for_update()))


async def replay_all(session: AsyncSession, webhooks: Iterable[Webhook], position: Position) -> None:
    """Tell subscriptions everything again from a position on, as who runs the system asks for it."""
    for webhook in webhooks:
        webhook.position = kept(least(position, unkept(webhook.position)))
        await session.flush()
        await notify(session, webhook.id)


async def recover(session: AsyncSession, webhook_id: UUID, since: datetime) -> int:
    """Try again, in order, what had failed since a moment, and return how much that is."""
    found = await execute(session, _RECOVER, webhook_id=webhook_id, since=since, now=datetime.now(UTC))
    await notify(session, webhook_id)
    return found.rowcount


async def give_up(session: AsyncSession, webhook_id: UUID, state: str = FAILED) -> None:
    """End what is still to be delivered."""
    pending = (col(WebhookDelivery.webhook_id) == webhook_id, col(WebhookDelivery.state) == PENDING)
    await session.exec(update(WebhookDelivery).where(*pending).values(state=state, done_at=datetime.now(UTC)))


def _renew(webhook: Webhook, permit: Permit) -> None:
    """Take over the grants of the token that its own client asks by."""
    if owner_of(permit.principal) == webhook.client:
        told = made_by(permit.principal)
        webhook.made_by, webhook.grants = told["made_by"], told["grants"]
        webhook.granted_at = datetime.now(UTC)


async def _changed(session: AsyncSession, permit: Permit, webhook: Webhook) -> None:
    webhook.version += 1
    webhook.changed_at, webhook.changed_by = datetime.now(UTC), permit.principal.name
    await session.flush()
    await notify(session, webhook.id)


def _lists(told: dict[str, Any]) -> dict[str, list[str]]:
    return {name: list(values) for name, values in told.items()}
