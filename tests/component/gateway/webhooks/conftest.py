"""A gateway that follows a read model which tests feed, and sends to receivers of this machine."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from deploy.local.embedded import EmbeddedPostgres
from gateway.main import SERVICE
from gateway.projection.events import Event
from gateway.projection.generations import activate, begin
from gateway.projection.reducers import reduce
from gateway.projection.tables import Position
from gateway.webhooks.models import Webhook
from gateway.webhooks.store import notify
from shared.chassis.db import Database, bulk_upsert, execute
from shared.chassis.migrations import upgrade
from shared.contracts.base import Contract
from shared.contracts.catalog import AGREEMENT
from shared.policy.grants import Grant, Role
from shared.testing.fixtures import Serve
from shared.testing.identity import TestIssuer
from shared.testing.mission import MISSION
from shared.testing.read_models import TODAY, event
from tests.component.gateway.conftest import MIGRATIONS

ISSUER = "http://127.0.0.1:8100"
KEY = "webhooks of the tests: nothing else"
RETRIES = [0.02, 0.05, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.5, 0.5, 1, 1, 1, 1]
STREAM = datetime(2026, 1, 1, tzinfo=UTC)

ServeHooks = Callable[..., AbstractAsyncContextManager["Office"]]


class Partner:
    """A partner of one test: what it takes part in, and how it asks."""

    def __init__(self) -> None:
        self.name = f"SE-{uuid4().hex[:8]}"
        self.client = f"client-{self.name}"
        self.grant = Grant(role=Role.PARTNER, organisations={self.name})

    def agreement(self, number: str = "1", **members: Any) -> Contract:
        """Return an agreement that the partner takes part in."""
        known = MISSION["funding.agreement.v1"]
        (taking_part,) = known.partners[:1]
        organisation = taking_part.organisation.model_copy(update={"ref": self.name})
        partners = (taking_part.model_copy(update={"organisation": organisation}),)
        return known.model_copy(update={"number": f"{self.name}/{number}", "partners": partners, **members})

    def told(self, number: str = "1", version: int = 1, **members: Any) -> Event:
        """Return the event that tells a version of an agreement of the partner."""
        return event(AGREEMENT, self.agreement(number, **members), version)


class Office:
    """The gateway, who asks it, and the events that it learns of."""

    def __init__(
        self, client: httpx.AsyncClient, issuer: TestIssuer, url: str, public: Database, model: Database
    ) -> None:
        self.client, self.issuer, self.url = client, issuer, url
        self.public, self.model = public, model
        self._sequences = defaultdict(lambda: itertools.count(1))
        self._stream = STREAM

    async def tell(self, *events: Event) -> list[Event]:
        """Let the read model take events in, each at the next sequence of its owner, as one batch."""
        now = datetime.now(UTC)
        told = [replace(each, sequence=next(self._sequences[each.owner]), recorded_at=now) for each in events]
        rows = {
            each.owner: {
                "owner": each.owner,
                "sequence": each.sequence,
                "stream_created": self._stream,
                "recorded_at": each.recorded_at,
            }
            for each in told
        }
        async with self.model.session() as session, session.begin():
            await reduce(session, told, today=TODAY)
            await bulk_upsert(session, Position, list(rows.values()), key=["owner"])
            await execute(session, text("SELECT pg_notify('read_model', '')"))
        return told

    async def make_streams_anew(self) -> None:
        """Begin every stream again, as after a loss of the broker; what was told by the former ones comes before."""
        self._sequences.clear()
        self._stream += timedelta(days=1)
        async with self.model.session() as session, session.begin():
            await execute(session, text("UPDATE fact SET sequence = sequence - 1000000"))

    def bearer(self, partner: Partner | None, *grants: Grant) -> dict[str, str]:
        """Return the header of a partner, None being an administrator."""
        if partner is None:
            return {}
        return self.issuer.bearer(*(grants or [partner.grant]), subject=partner.client, client=partner.client)

    async def eventually(self, holds: Callable[[], Awaitable[Any]], *, seconds: float = 15) -> Any:
        """Return what is told once it holds."""
        async with asyncio.timeout(seconds):
            while not (found := await holds()):
                await asyncio.sleep(0.02)
        return found

    async def count(self, webhook: dict[str, Any], state: str, count: int) -> list[dict[str, Any]]:
        """Return the deliveries in a state once there are so many."""

        async def found() -> list[dict[str, Any]]:
            listed = await self.deliveries(webhook, state=state, limit=500)
            return listed if len(listed) == count else []

        return await self.eventually(found)

    async def subscribe(
        self, url: str, partner: Partner | None = None, *grants: Grant, **members: Any
    ) -> dict[str, Any]:
        """Make a subscription, and return it with its secret."""
        headers = self.bearer(partner, *grants)
        answer = await self.client.post("/v1/webhooks", json={"url": url, **members}, headers=headers)
        assert answer.status_code == 201, answer.text
        return {**answer.json()["webhook"], "secret": answer.json()["secret"]}

    async def act_as(self, webhook: dict[str, Any], client_id: str) -> None:
        """Let a subscription act for a client of the gateway's own issuer."""
        async with self.public.session() as session, session.begin():
            row = await session.get_one(Webhook, UUID(webhook["id"]))
            row.made_by = {**row.made_by, "issuer": ISSUER, "subject": client_id, "client": client_id}
            await notify(session, row.id)

    async def deliveries(self, webhook: dict[str, Any], **asked: Any) -> list[dict[str, Any]]:
        answer = await self.client.get(f"/v1/webhooks/{webhook['id']}/deliveries", params=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]


@pytest.fixture
def partner() -> Partner:
    return Partner()


@pytest.fixture(scope="module")
async def shared_office(serve_hooks: ServeHooks) -> AsyncIterator[Office]:
    async with serve_hooks() as office:
        yield office


@pytest.fixture
async def office(shared_office: Office) -> AsyncIterator[Office]:
    """Return a gateway that the tests of a file share; what a test subscribed to is gone at its end."""
    yield shared_office
    for item in (await shared_office.client.get("/v1/webhooks?limit=500")).json()["items"]:
        await shared_office.client.delete(f"/v1/webhooks/{item['id']}")


@pytest.fixture(scope="module")
def serve_hooks(postgres: EmbeddedPostgres, serve: Serve, issuer: TestIssuer) -> ServeHooks:
    """Return how to serve a gateway with an empty read model, whose webhooks are sent."""

    @asynccontextmanager
    async def run(database_url: str | None = None, **settings: Any) -> AsyncIterator[Office]:
        name = f"test_{uuid4().hex[:12]}"
        url = database_url or postgres.database_with_password(name, owner="tests")
        public = Database(url)
        if database_url is None:
            await upgrade(public, MIGRATIONS)
            async with public.session() as session, session.begin():
                generation = await begin(session)
            async with public.session() as session, session.begin():
                await activate(session, generation.id or 0)
        model = public.on_schema("read_1")
        told = {
            "database_url": url,
            "roles": ["api", "webhooks"],
            "issuer_key": KEY,
            "webhook_insecure": True,
            "webhook_retry_seconds": RETRIES,
            **settings,
        }
        try:
            async with serve(SERVICE, **told) as client:
                yield Office(client, issuer, url, public, model)
        finally:
            await model.dispose()
            await public.dispose()
            if database_url is None:
                postgres.drop(name)

    return run
