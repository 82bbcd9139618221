"""Everything that is sealed under the key of the settings can be sealed under another, and nothing is forgotten."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import LargeBinary, text
from sqlmodel import select

from gateway.base import Base
from gateway.issuer.keys import require_key, unsealed
from gateway.issuer.models import SigningKey
from gateway.issuer.resealing import PLACES, reseal
from gateway.issuer.sealing import Sealer, Unsealable
from gateway.main import SERVICE
from shared.chassis.db import Database, execute
from shared.chassis.migrations import upgrade

FORMER, KEY = "the former key " * 4, "the new key " * 4
SEALED = ("sealed", "corrected")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
async def database(database_url):
    database = Database(database_url, pool=2)
    await upgrade(database, SERVICE.migrations)
    yield database
    await database.dispose()


def test_every_sealed_column_is_known():
    found = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and column.name in SEALED
    }
    assert found == {(place.table, place.column) for place in PLACES if place.column in SEALED}


async def test_what_was_sealed_is_unsealed_by_the_new_key_alone(database):
    id_ = uuid4()
    kept = next(place for place in PLACES if place.table == "kept_answer")
    answer = Sealer(FORMER, kept.purpose).seal(b"a secret", "POST /v1/clients")
    async with database.session() as session, session.begin():
        await require_key(session, Sealer(FORMER), NOW)
        await execute(
            session,
            text(
                "INSERT INTO kept_answer (key_digest, fingerprint, operation, status, headers, body, packing, answered_at)"
                " VALUES (:key, '', 'POST /v1/clients', 201, '{}', :body, 'sealed', now())"
            ),
            key=id_.bytes,
            body=answer,
        )
    for count in (2, 0):  # and again, as after a crash before the new key took its place
        async with database.session() as session, session.begin():
            assert await reseal(session, FORMER, KEY) == count
    async with database.session() as session:
        (key,) = (await session.exec(select(SigningKey))).all()
        body = (await execute(session, text("SELECT body FROM kept_answer"))).scalar_one()
    assert unsealed(Sealer(KEY), key).key_size == 3072
    assert Sealer(KEY, kept.purpose).unseal(body, "POST /v1/clients") == b"a secret"
    with pytest.raises(Unsealable):
        unsealed(Sealer(FORMER), key)


async def test_what_is_sealed_under_another_key_stops_it(database):
    async with database.session() as session, session.begin():
        await require_key(session, Sealer("another key " * 4), NOW)
    async with database.session() as session:
        with pytest.raises(Unsealable):
            await reseal(session, FORMER, KEY)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.table}.{place.column}")
async def test_each_place_can_be_asked(database, place):
    async with database.session() as session:
        await execute(
            session,
            text(f"SELECT {place.key}, {place.column}, {place.label} FROM {place.table} WHERE {place.holds}"),  # noqa: S608
        )
