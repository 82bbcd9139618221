"""What identity keeps in a database: documents of issuers over restarts, and proofs for all replicas."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import MetaData, inspect
from sqlmodel import col, select, update

from shared.chassis.db import Database
from shared.chassis.identity import store
from shared.chassis.identity.store import (
    DatabaseKeyStore,
    DatabaseSeenProofs,
    IdentityDocument,
    SeenProof,
    add_identity_tables,
)
from shared.chassis.migrations import create_identity_tables, drop_identity_tables

SOURCE = "https://login.example.org/jwks"


METADATA = MetaData()
add_identity_tables(METADATA)


def digest(number):
    return hashlib.sha256(str(number).encode()).digest()


def migrate(connection, function):
    with Operations.context(MigrationContext.configure(connection)):
        function()


@pytest.fixture
async def database(database_url):
    database = Database(database_url, pool=10)
    async with database.engine.begin() as connection:
        await connection.run_sync(migrate, create_identity_tables)
    yield database
    await database.dispose()


async def rows(database, model):
    async with database.session() as session:
        return list(await session.exec(select(model)))


async def test_the_migration_makes_what_the_models_say_and_takes_it_back(database):
    def differences(connection):
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)

    async with database.engine.begin() as connection:
        assert await connection.run_sync(differences) == []
        await connection.run_sync(migrate, drop_identity_tables)
        assert await connection.run_sync(lambda each: inspect(each).get_table_names()) == []


async def test_a_document_is_kept_for_the_next_run(database):
    kept = DatabaseKeyStore(database)
    assert await kept.load(SOURCE) is None
    await kept.save(SOURCE, "first")
    await kept.save(SOURCE, "second")
    await kept.save("https://login.example.org/revocations", "other")
    assert await DatabaseKeyStore(database).load(SOURCE) == "second"
    assert len(await rows(database, IdentityDocument)) == 2


async def test_a_document_that_is_kept_already_is_not_written_again(database):
    kept = DatabaseKeyStore(database)
    await kept.save(SOURCE, "same")
    (before,) = await rows(database, IdentityDocument)
    await kept.save(SOURCE, "same")
    (after,) = await rows(database, IdentityDocument)
    assert after.fetched_at == before.fetched_at
    await kept.save(SOURCE, "other")
    (after,) = await rows(database, IdentityDocument)
    assert after.fetched_at > before.fetched_at


async def test_replicas_may_save_at_once(database):
    stores = [DatabaseKeyStore(database) for _ in range(8)]
    await asyncio.gather(*[each.save(SOURCE, f"of {number}") for number, each in enumerate(stores)])
    assert (await stores[0].load(SOURCE)).startswith("of ")


async def test_a_proof_is_new_once_at_whichever_replica(database):
    until = datetime.now(UTC) + timedelta(minutes=2)
    replicas = [DatabaseSeenProofs(database) for _ in range(2)]
    assert await replicas[0].note(digest(1), until)
    assert not await replicas[0].note(digest(1), until)
    assert not await replicas[1].note(digest(1), until)
    assert await replicas[1].note(digest(2), until)


async def test_of_many_uses_at_the_same_time_one_is_the_first(database):
    until = datetime.now(UTC) + timedelta(minutes=2)
    replicas = [DatabaseSeenProofs(database) for _ in range(8)]
    for number in range(10):
        found = await asyncio.gather(*[each.note(digest(number), until) for each in replicas])
        assert sorted(found) == [False] * 7 + [True]


async def test_proofs_that_are_over_are_swept_on_the_way(database, monkeypatch):
    now = datetime.now(UTC)
    seen = DatabaseSeenProofs(database)
    for number in range(5):
        assert await seen.note(digest(number), now + timedelta(minutes=2))
    async with database.session() as session, session.begin():
        over = update(SeenProof).where(col(SeenProof.digest).in_([digest(0), digest(1), digest(2)]))
        await session.exec(over.values(until=now - timedelta(seconds=1)))
    assert await seen.note(digest(5), now + timedelta(minutes=2))
    assert len(await rows(database, SeenProof)) == 6
    monkeypatch.setattr(store, "SWEEP_SECONDS", 0)
    replicas = [DatabaseSeenProofs(database) for _ in range(4)]
    await asyncio.gather(
        *[each.note(digest(6 + number), now + timedelta(minutes=2)) for number, each in enumerate(replicas)]
    )
    kept = {row.digest for row in await rows(database, SeenProof)}
    assert kept == {digest(number) for number in (3, 4, 5, 6, 7, 8, 9)}
