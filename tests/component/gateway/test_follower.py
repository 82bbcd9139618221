"""Following the streams: what the database or a message does to it, and what it makes of a stream made anew."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import pytest
from sqlalchemy import text

from deploy.local.embedded import EmbeddedPostgres
from gateway.main import SERVICE as GATEWAY
from gateway.projection.follower import Follower
from gateway.projection.projector import Projector
from services.projects.main import SERVICE as PROJECTS
from shared.chassis.bus import Bus, stream_name
from shared.chassis.db import Database, execute
from shared.chassis.stream import StreamMessage, StreamReplaced
from shared.chassis.workers import Supervisor
from shared.contracts.catalog import OWNERS
from shared.testing.documents import ANY
from shared.testing.fixtures import Serve, Templates
from shared.testing.read_models import NewReadModel
from tests.component.conftest import END_LEADER

SECONDS = 20.0


def activity(identifier: str, title: str = "Decent work") -> dict[str, object]:
    return {
        "iati_identifier": identifier,
        "reporting_organisation": {"ref": "XM-TEST"},
        "titles": [{"text": title}],
        "status": "2",
    }


@asynccontextmanager
async def following(database: Database, bus: Bus) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    task = asyncio.create_task(Follower(1, database, bus).run(stop))
    try:
        yield task
    finally:
        stop.set()
        with suppress(StreamReplaced):
            await task


async def titles(database: Database) -> dict[str, str]:
    async with database.session() as session:
        rows = await execute(session, text("SELECT iati_identifier, words FROM project_activity"))
        return dict(rows.all())


async def until(database: Database, expected: dict[str, str]) -> None:
    async with asyncio.timeout(SECONDS):
        while await titles(database) != expected:
            await asyncio.sleep(0.05)


@pytest.fixture
async def bus(nats):
    connected = nats.user().bus()
    for owner in OWNERS:
        await connected.ensure_stream(owner)
    yield connected
    js = await connected.jetstream()
    for owner in OWNERS:
        await js.delete_stream(stream_name(owner))
    await connected.close()


async def test_a_message_that_makes_no_sense_is_buried_and_the_rest_goes_on(
    new_read_model: NewReadModel, serve: Serve, bus: Bus
):
    database = await new_read_model()
    async with serve(PROJECTS) as client, following(database, bus):
        await client.post("/v1/activities", json=activity("A-1"))
        await until(database, {"A-1": "Decent work"})
        js = await bus.jetstream()
        await js.publish("projects.v1.activity.revised.x", b"{no event", stream="PROJECTS")
        await client.post("/v1/activities", json=activity("A-2"))
        await until(database, {"A-1": "Decent work", "A-2": "Decent work"})
        async with database.session() as session:
            letters = (await execute(session, text("SELECT owner, sequence, payload FROM dead_letter"))).all()
    assert [tuple(letter) for letter in letters] == [("projects", 2, b"{no event")]


async def test_a_lock_that_is_held_too_long_costs_time_and_no_event(
    new_read_model: NewReadModel, serve: Serve, bus: Bus
):
    database = await new_read_model()
    async with serve(PROJECTS) as client, following(database, bus):
        await client.post("/v1/activities", json=activity("B-1"))
        await until(database, {"B-1": "Decent work"})
        async with database.engine.begin() as holding:
            await holding.execute(text("LOCK TABLE project_activity IN EXCLUSIVE MODE"))
            await client.put("/v1/activities/B-1", json=activity("B-1", "Social dialogue"), headers=ANY)
            await asyncio.sleep(11)  # longer than a statement waits for a lock
        await until(database, {"B-1": "Social dialogue"})
        async with database.session() as session:
            assert (await execute(session, text("SELECT count(*) FROM dead_letter"))).scalar() == 0


async def test_a_stream_made_anew_ends_the_following_and_is_read_from_its_beginning(
    new_read_model: NewReadModel, serve: Serve, bus: Bus
):
    database = await new_read_model()
    async with serve(PROJECTS) as client:
        async with following(database, bus) as task:
            for number in range(3):
                await client.post("/v1/activities", json=activity(f"C-{number}"))
            await until(database, {f"C-{number}": "Decent work" for number in range(3)})
            await (await bus.jetstream()).delete_stream("PROJECTS")
            await bus.ensure_stream("projects")
            with pytest.raises(StreamReplaced):
                await asyncio.wait_for(asyncio.shield(task), SECONDS)
        await client.put("/v1/activities/C-1", json=activity("C-1", "Social dialogue"), headers=ANY)
        async with following(database, bus):
            await until(database, {"C-0": "Decent work", "C-1": "Social dialogue", "C-2": "Decent work"})


async def test_an_event_that_no_rule_can_take_is_buried_and_the_rest_goes_on(
    new_read_model: NewReadModel, serve: Serve, bus: Bus
):
    database = await new_read_model()
    async with serve(PROJECTS) as client, following(database, bus):
        js = await bus.jetstream()
        await bus.ensure_stream("projects")
        header = (
            '{"id":"%s","type":"projects.activity.registered","version":1,"subject":"x","aggregate_id":"%s"'
        )
        header += (
            ',"aggregate_version":1,"occurred_at":"2026-01-01T00:00:00Z","recorded_at":"2026-01-01T00:00:00Z"'
        )
        header += ',"actor":"x","correlation_id":"x","data":'
        deep = (header % (uuid4(), uuid4())) + "[" * 100_000 + "]" * 100_000 + "}"
        await js.publish("projects.v1.activity.registered.x", deep.encode(), stream="PROJECTS")
        await client.post("/v1/activities", json=activity("D-1"))
        await until(database, {"D-1": "Decent work"})


async def test_a_follower_that_does_not_notice_that_it_is_cancelled_ends_with_the_lock(
    templates: Templates, postgres: EmbeddedPostgres, serve: Serve, bus: Bus, monkeypatch: pytest.MonkeyPatch
):
    taking = asyncio.Event()
    take = Follower._take  # noqa: SLF001  (stands for whatever is under way in a library)

    async def deaf(self: Follower, messages: Sequence[StreamMessage]) -> None:
        taking.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(2)
        await take(self, messages)

    monkeypatch.setattr(Follower, "_take", deaf)
    name = f"test_{uuid4().hex[:12]}"
    database, supervisor = Database(await templates.copy_with_password(GATEWAY, name)), Supervisor()
    supervisor.start(Projector(database, bus))
    async with serve(PROJECTS) as client:
        await client.post("/v1/activities", json=activity("A-9"))
        await taking.wait()
        assert await ended(database)
        async with asyncio.timeout(SECONDS):
            while not await ended(database):
                await asyncio.sleep(0.02)
    await supervisor.stop()
    await database.dispose()
    postgres.drop(name)


async def ended(database: Database) -> int:
    """End the connection that holds the lock of the projector, and return whether there was one."""
    async with database.session() as session:
        return int((await execute(session, text(END_LEADER))).scalar_one())
