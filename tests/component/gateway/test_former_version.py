"""A gateway of a former version, while the read model of the next takes over."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import httpx

from deploy.local.embedded import EmbeddedPostgres
from gateway.main import SERVICE
from gateway.projection.generations import Generation, State, activate, begin, drop_retired
from shared.chassis.db import Database
from shared.testing.fixtures import Serve, Templates

PATIENCE_SECONDS = 30


async def _next_version_answers(public: Database) -> None:
    """Do what the projector of a version with other tables does when it has caught up."""
    async with public.session() as session, session.begin():
        following = Generation(
            fingerprint="of another code", state=State.BUILDING, created_at=datetime.now(UTC)
        )
        session.add(following)
        await session.flush()
        await activate(session, following.id or 0)


async def _becomes(client: httpx.AsyncClient, state: str) -> None:
    """Wait until the gateway says this of its read model."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await client.get("/readyz")).json()["checks"]["read_model"]["state"] != state:
            await asyncio.sleep(0.1)


async def test_it_answers_until_its_read_model_is_dropped_and_is_not_ready_any_more(
    postgres: EmbeddedPostgres, templates: Templates, serve: Serve
):
    name = f"test_{uuid4().hex[:12]}"
    url = await templates.copy_with_password(SERVICE, name)
    public = Database(url)
    async with public.session() as session, session.begin():
        generation = await begin(session)
    async with public.session() as session, session.begin():
        await activate(session, generation.id or 0)
    try:
        async with serve(SERVICE, database_url=url, roles=["api"]) as client:
            await _becomes(client, "ok")
            await _next_version_answers(public)
            await asyncio.sleep(2)  # it looks at which generation answers once a second
            assert (await client.get("/v1/results/summary?group_by=country")).status_code == 200
            await _becomes(client, "ok")
            async with public.session() as session, session.begin():
                await drop_retired(session)
            await _becomes(client, "down")
            assert (await client.get("/readyz")).status_code == 503
            refused = await client.get("/v1/results/summary?group_by=country")
            assert (refused.status_code, refused.json()["code"]) == (503, "read-model-building")
    finally:
        await public.dispose()
        postgres.drop(name)
