"""What tests ask of the streams: everything that an owner has published, once its outbox is empty."""

import asyncio
from uuid import UUID

import httpx

from deploy.local.embedded import EmbeddedNats
from shared.chassis.stream import StreamReader
from shared.contracts.events import Envelope

PATIENCE_SECONDS = 30


async def await_published(client: httpx.AsyncClient) -> None:
    """Wait until a service has published all that it staged."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await waiting(client):  # noqa: ASYNC110  (it is told by HTTP only)
            await asyncio.sleep(0.02)


async def waiting(client: httpx.AsyncClient) -> int:
    """Return how many facts of a service are not published yet."""
    checks = (await client.get("/readyz")).json()["checks"]
    count: int = checks["outbox"]["detail"].get("waiting", 1)
    return count


async def await_copied(client: httpx.AsyncClient, owner: str) -> None:
    """Wait until a service that keeps copies has taken in all that an owner published, if it copies anything of it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            copies = (await client.get("/readyz")).json()["checks"]["copies"]["detail"]
            if copies and "error" not in copies and not copies.get(owner, 0):
                return
            await asyncio.sleep(0.02)


async def published(nats: EmbeddedNats, owner: str, aggregate_id: UUID | None = None) -> list[Envelope]:
    """Return the events in an owner's stream, of one aggregate if given, in the order of the stream."""
    bus = nats.user().bus()
    try:
        last = (await bus.ensure_stream(owner)).state.last_seq
        reader = StreamReader(bus, owner, after=0)
        events: list[Envelope] = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(events) < last:
                events += [Envelope.from_json(message.data) for message in await reader.read()]
        await reader.close()
    finally:
        await bus.close()
    return [event for event in events if aggregate_id in (None, event.aggregate_id)]
