"""Test events that are sent at once, and told how they went."""

from datetime import UTC, datetime
from uuid import UUID

from gateway.issuer.sealing import Sealer
from gateway.webhooks.attempts import Attempt, attempt
from gateway.webhooks.catalogue import PING
from gateway.webhooks.models import DELIVERED, FAILED, Webhook, WebhookAttempt, WebhookDelivery
from gateway.webhooks.payloads import payload
from gateway.webhooks.schemas import PingOutcome
from gateway.webhooks.signing import Sign, signer
from gateway.webhooks.store import find_webhook, keys_of
from shared.chassis.audit.entries import Affected, note_changes
from shared.chassis.db import Database
from shared.chassis.documents.actors import Actor
from shared.chassis.egress import Egress
from shared.chassis.ids import uuid7
from shared.policy.permits import Permit


class Pings:
    """Sends test events; nothing is sent within a transaction."""

    def __init__(self, database: Database, sealer: Sealer, egress: Egress) -> None:
        self._database, self._sealer, self._egress = database, sealer, egress

    async def send(self, permit: Permit, actor: Actor, webhook_id: UUID) -> PingOutcome:
        """Send one, and keep how it went.

        Raises:
            NotFound: the principal manages no such subscription.

        """
        webhook, signers = await self._find(permit, webhook_id)
        id_, now = uuid7(), datetime.now(UTC)
        body = payload(PING, now, {"webhook": webhook_id})
        done = await attempt(self._egress, webhook.url, signers, id_=str(id_), body=body)
        async with self._database.session() as session, session.begin():
            session.add(_delivery(webhook_id, id_, now, done))
            session.add(_attempt(webhook_id, id_, done))
            affected = [Affected(aggregate="webhook", identifier=str(webhook_id))]
            await note_changes(session, actor.attempt, affected)
        return PingOutcome(
            id=id_,
            delivered=done.is_success,
            status=done.status,
            error=done.error,
            milliseconds=done.milliseconds,
            answer=done.answer,
        )

    async def _find(self, permit: Permit, webhook_id: UUID) -> tuple[Webhook, list[Sign]]:
        async with self._database.session() as session:
            webhook = await find_webhook(session, permit, webhook_id)
            keys = (await keys_of(session, [webhook_id], datetime.now(UTC)))[webhook_id]
        return webhook, [signer(key.kind, self._sealer.unseal(key.sealed, str(key.id))) for key in keys]


def _delivery(webhook_id: UUID, id_: UUID, at: datetime, done: Attempt) -> WebhookDelivery:
    return WebhookDelivery(
        webhook_id=webhook_id,
        event_id=id_,
        type=PING,
        aggregate="webhook",
        aggregate_id=webhook_id,
        version=1,
        occurred_at=at,
        state=DELIVERED if done.is_success else FAILED,
        attempts=1,
        next_at=at,
        last_status=done.status,
        last_error=done.error,
        created_at=at,
        done_at=datetime.now(UTC),
    )


def _attempt(webhook_id: UUID, id_: UUID, done: Attempt) -> WebhookAttempt:
    return WebhookAttempt(
        webhook_id=webhook_id,
        event_id=id_,
        at=done.at,
        status=done.status,
        error=done.error,
        milliseconds=done.milliseconds,
        answer=done.answer,
    )
