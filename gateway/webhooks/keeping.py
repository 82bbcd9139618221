"""What is kept of deliveries, and for how long: what is older goes, a bounded part at a time."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlmodel import col, func, select

from gateway.webhooks.meters import Meters
from gateway.webhooks.models import DISABLED, Webhook
from shared.chassis.db import Database, execute
from shared.chassis.workers import pause

LOOK_SECONDS = 30.0
MOST_AT_ONCE = 2000
OWN_REASONS = ("asked", "failing", "gone", "void")

_OLD = tuple(
    text(
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("  # noqa: S608  (names of our own)
        f"SELECT ctid FROM {table} WHERE {column} < :before LIMIT {MOST_AT_ONCE}))"
    )
    for table, column in (
        ("webhook_attempt", "at"),
        ("webhook_delivery", "created_at"),
        ("webhook_secret", "expires_at"),
    )
)
_OF_DELETED = tuple(
    text(
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT t.ctid FROM {table} t"  # noqa: S608
        f" JOIN webhook w ON w.id = t.webhook_id WHERE w.state = 'deleted' LIMIT {MOST_AT_ONCE}))"
    )
    for table in ("webhook_attempt", "webhook_delivery", "webhook_secret")
)
_DELETED = text(
    "DELETE FROM webhook w WHERE w.state = 'deleted'"
    " AND NOT EXISTS (SELECT FROM webhook_attempt t WHERE t.webhook_id = w.id)"
    " AND NOT EXISTS (SELECT FROM webhook_delivery t WHERE t.webhook_id = w.id)"
    " AND NOT EXISTS (SELECT FROM webhook_secret t WHERE t.webhook_id = w.id)"
)
_PENDING = text(
    "SELECT count(*), coalesce(extract(epoch FROM now() - min(d.next_at)"
    " FILTER (WHERE d.next_at < now() AND w.state = 'enabled' AND w.failing_since IS NULL)), 0)"
    " FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook_id WHERE d.state = 'pending'"
)
"""An endpoint that fails, or is disabled, is left alone for as long as it takes, which is none of our lateness."""


class WebhookKeeper:
    """Deletes what is old, and counts what is left."""

    name = "webhook-keeper"

    def __init__(self, database: Database, meters: Meters, *, keep: timedelta) -> None:
        self._database, self._meters, self._keep = database, meters, keep

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; several processes may."""
        while not stop.is_set():
            is_rest = await self.delete_some()
            await self.count()
            await pause(stop, 0 if is_rest else LOOK_SECONDS)

    async def delete_some(self) -> bool:
        """Delete a part of what is old or belongs to nothing any more; False where there was none."""
        before, count = datetime.now(UTC) - self._keep, 0
        for statement in _OLD:
            async with self._database.session() as session, session.begin():
                count += (await execute(session, statement, before=before)).rowcount
        for statement in (*_OF_DELETED, _DELETED):
            async with self._database.session() as session, session.begin():
                count += (await execute(session, statement)).rowcount
        return count > 0

    async def count(self) -> None:
        """Measure what is still to be made, and what is disabled."""
        async with self._database.session() as session:
            pending, oldest = (await execute(session, _PENDING)).one()
            self._meters.backlog.set(pending)
            self._meters.oldest.set(oldest)
            reasons = (
                select(col(Webhook.disabled_because), func.count())
                .where(col(Webhook.state) == DISABLED)
                .group_by(col(Webhook.disabled_because))
            )
            found = dict((await session.exec(reasons)).all())
        for reason in OWN_REASONS:
            self._meters.disabled.labels(reason).set(found.get(reason, 0))
