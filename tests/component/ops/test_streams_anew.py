"""A stream is made anew of an outbox of any size, which takes longer than a statement of a service may."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from deploy.ops.settings import STATEMENT_SECONDS, OpsSettings
from deploy.ops.streams import changes_of, make_anew, messages_in
from services.projects.main import SERVICE as PROJECTS
from shared.chassis.bus import stream_configuration, stream_name
from shared.chassis.db import Database
from shared.chassis.migrations import upgrade

EVENT = (
    "INSERT INTO outbox (event_id, aggregate_id, subject, payload, size, recorded_at, published_at) VALUES"
    " (gen_random_uuid(), gen_random_uuid(), 'projects.v1.activity.created.x', '{}', 2, now(), now())"
)
SLOW = (
    "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NEW; END'",
    "CREATE TRIGGER slow BEFORE UPDATE ON outbox FOR EACH ROW EXECUTE FUNCTION slowly()",
)


@pytest.fixture
async def bus(nats):
    bus = nats.user().bus()
    await bus.ensure_stream("projects")
    yield bus
    await (await bus.jetstream()).delete_stream(stream_name("projects"))
    await bus.close()


async def test_the_outbox_may_take_long(database_url, bus):
    database = Database(database_url, pool=2)
    await upgrade(database, PROJECTS.migrations)
    async with database.engine.begin() as connection:
        for statement in (EVENT, *SLOW):
            await connection.execute(text(statement))
    await database.dispose()
    hurried = Database(database_url, pool=2, statement_seconds=0.5)
    assert await make_anew(bus, hurried, "projects") == 1
    assert await messages_in(bus, "projects") == 0
    await hurried.dispose()


async def test_statements_of_ops_may_take_long_whatever_they_work_on(database_url):
    settings = OpsSettings(projects_database_url=database_url)
    async with settings.database("projects") as database:
        apart, schema = database.apart(), database.on_schema("public")
        assert {each.statement_seconds for each in (database, apart, schema)} == {STATEMENT_SECONDS}
        assert STATEMENT_SECONDS >= 3600


async def test_what_is_another_in_a_stream_is_told(bus):
    assert await changes_of(bus, "projects", 1) == []
    js = await bus.jetstream()
    await js.update_stream(
        replace(stream_configuration("projects", 1), duplicate_window=60, max_msg_size=1000)
    )
    assert await changes_of(bus, "projects", 1) == ["max_msg_size", "duplicate_window"]
    assert "num_replicas" in await changes_of(bus, "projects", 3)
    assert await changes_of(bus, "funding", 1) == ["all"]
    await bus.configure_stream("projects")
    assert await changes_of(bus, "projects", 1) == []
