from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

import gateway
from deploy.local.embedded import EmbeddedPostgres
from gateway.main import SERVICE
from gateway.projection.events import Event
from gateway.projection.generations import activate, begin
from shared.chassis.db import Database
from shared.testing.fixtures import Serve, Templates
from shared.testing.read_models import take

ServeEvents = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

MIGRATIONS = Path(gateway.__file__).parent / "migrations"


@pytest.fixture
async def new_read_model(postgres: EmbeddedPostgres, templates: Templates):
    """Return how to make an empty generation, and get a database on its tables."""
    name = f"test_{uuid4().hex[:12]}"
    public = Database(await templates.copy_with_password(SERVICE, name))
    made: list[Database] = []

    async def make() -> Database:
        async with public.session() as session, session.begin():
            generation = await begin(session)
            made.append(public.on_schema(generation.schema_name))
        return made[-1]

    yield make
    for database in [*made, public]:
        await database.dispose()
    postgres.drop(name)


@pytest.fixture
def serve_events(postgres: EmbeddedPostgres, templates: Templates, serve: Serve) -> ServeEvents:
    """Return how to serve a gateway whose read model knows some batches of events; it yields a client of it."""

    @asynccontextmanager
    async def run(*batches: Sequence[Event]) -> AsyncIterator[httpx.AsyncClient]:
        name = f"test_{uuid4().hex[:12]}"
        url = await templates.copy_with_password(SERVICE, name)
        public = Database(url)
        async with public.session() as session, session.begin():
            generation = await begin(session)
        async with public.session() as session, session.begin():
            await activate(session, generation.id or 0)
        database = public.on_schema(generation.schema_name)
        try:
            for batch in batches:
                await take(database, batch)
            async with serve(SERVICE, database_url=url, roles=["api"]) as client:
                client.read_model = database
                yield client
        finally:
            await database.dispose()
            await public.dispose()
            postgres.drop(name)

    return run
