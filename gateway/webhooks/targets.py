"""Where the sender sends to: subscriptions that are enabled, with what signs and what their principals see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlmodel import col, select

from gateway.feed.views import View
from gateway.issuer.sealing import Sealer, Unsealable
from gateway.webhooks.models import ENABLED, Webhook, WebhookSecret
from gateway.webhooks.principals import clients_of, principal_of
from gateway.webhooks.signing import Sign, signer
from gateway.webhooks.store import keys_of
from shared.chassis.db import Database

_log = structlog.get_logger()


@dataclass(slots=True)
class Target:
    """A subscription as the sender knows it; ``view`` is None where its client was revoked."""

    id: UUID
    url: str
    is_full: bool
    view: View | None
    keys: list[tuple[datetime | None, Sign]]
    failing_since: datetime | None

    def signers(self, now: datetime) -> list[Sign]:
        """Return what signs now, the newest first."""
        return [sign for expires_at, sign in self.keys if expires_at is None or expires_at > now]


class Targets:
    """Reads the subscriptions, and unseals each key once."""

    def __init__(self, database: Database, sealer: Sealer, issuer: str) -> None:
        self._database, self._sealer, self._issuer = database, sealer, issuer
        self._signers: dict[UUID, Sign] = {}

    async def read(self, now: datetime) -> dict[UUID, Target]:
        """Return those that are enabled, by id."""
        async with self._database.session() as session:
            rows = (await session.exec(select(Webhook).where(col(Webhook.state) == ENABLED))).all()
            keys = await keys_of(session, [row.id for row in rows], now)
            clients = await clients_of(session, self._issuer, rows)
        self._forget(key.id for each in keys.values() for key in each)
        found = {}
        for row in rows:
            principal = principal_of(row, clients)
            found[row.id] = Target(
                id=row.id,
                url=row.url,
                is_full=row.payload == "full",
                view=None if principal is None else View(principal),
                keys=[(key.expires_at, sign) for key in keys[row.id] if (sign := self._signer(key))],
                failing_since=row.failing_since,
            )
        return found

    def _signer(self, key: WebhookSecret) -> Sign | None:
        if key.id not in self._signers:
            try:
                self._signers[key.id] = signer(key.kind, self._sealer.unseal(key.sealed, str(key.id)))
            except Unsealable:
                _log.error("webhooks.unsealable", webhook=str(key.webhook_id), key=str(key.id))
                return None
        return self._signers[key.id]

    def _forget(self, known: Iterable[UUID]) -> None:
        """Forget the keys that are no more."""
        kept = set(known)
        self._signers = {id_: sign for id_, sign in self._signers.items() if id_ in kept}
