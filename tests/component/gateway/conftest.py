from pathlib import Path

import pytest

import gateway
from gateway.projection.generations import begin
from shared.chassis.db import Database
from shared.chassis.migrations import upgrade

MIGRATIONS = Path(gateway.__file__).parent / "migrations"


@pytest.fixture
async def new_read_model(database_url: str):
    """Return how to make an empty generation, and get a database on its tables."""
    public = Database(database_url)
    await upgrade(public, MIGRATIONS)
    made: list[Database] = []

    async def make() -> Database:
        async with public.session() as session, session.begin():
            generation = await begin(session)
            made.append(public.on_schema(generation.schema_name))
        return made[-1]

    yield make
    for database in [*made, public]:
        await database.dispose()
