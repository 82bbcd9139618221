"""What processes measure at a scrape: each of the parts that it has, with right values, whatever is away."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import TimeoutError as PoolTimeout

from deploy.keys import Keys
from deploy.local.embedded import EmbeddedNats, EmbeddedPostgres
from gateway.main import SERVICE as GATEWAY
from gateway.projection.meters import Ages
from services.funding.main import SERVICE as FUNDING
from services.projects.main import SERVICE as PROJECTS
from shared import VERSION
from shared.chassis.db import Database
from shared.chassis.meters import pools_meter
from shared.chassis.metrics import Metrics
from shared.contracts.catalog import OWNERS
from shared.testing.documents import ACTIVITY
from shared.testing.fixtures import Serve

SECONDS = 30.0
Values = dict[tuple[str, ...], float]
"""Values by name of the sample and values of its labels, in order of their names."""

OF_ALL = {
    "devcoop_build_info",
    "devcoop_check_state",
    "devcoop_pool_connections",
    "devcoop_pool_size",
    "devcoop_pool_timeouts_total",
    "devcoop_worker_failures_total",
    "devcoop_worker_running",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
}
OF_OWNERS = {
    "devcoop_broker_connected",
    "devcoop_outbox_oldest_seconds",
    "devcoop_outbox_waiting",
    "devcoop_relay_leading",
    "devcoop_relay_published_total",
}
OF_CONSUMERS = {"devcoop_consumer_lag", "devcoop_dead_letters"}
OF_PROJECTORS = {
    "devcoop_projection_age_seconds",
    "devcoop_projection_events_total",
    "devcoop_broker_connected",
}


async def scrape(client: httpx.AsyncClient) -> Values:
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def until(client: httpx.AsyncClient, **expected: float) -> Values:
    """Scrape until samples without labels have some values."""
    async with asyncio.timeout(SECONDS):
        while True:
            values = await scrape(client)
            if all(values.get((name,)) == value for name, value in expected.items()):
                return values
            await asyncio.sleep(0.05)


async def until_told(client: httpx.AsyncClient, *samples: tuple[tuple[str, ...], float]) -> Values:
    """Scrape until some samples have their values."""
    async with asyncio.timeout(SECONDS):
        while True:
            values = await scrape(client)
            if all(values.get(sample) == value for sample, value in samples):
                return values
            await asyncio.sleep(0.05)


def names(values: Values) -> set[str]:
    return {name for name, *_ in values if name.startswith(("devcoop_", "process_"))}


async def write(client: httpx.AsyncClient, identifier: str) -> None:
    answer = await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier))
    assert answer.status_code == 201, answer.text


async def put_nonsense(nats: EmbeddedNats, owner: str) -> None:
    """Let a stream have a message that nobody can take in."""
    bus = nats.user().bus()
    try:
        await bus.ensure_stream(owner)
        js = await bus.jetstream()
        await js.publish(f"{owner}.v1.activity.revised.x", b"{no event", stream=owner.upper())
    finally:
        await bus.close()


@pytest.fixture
async def empty_streams(nats: EmbeddedNats) -> AsyncIterator[None]:
    """Let there be the streams of all owners, with nothing in them."""
    bus = nats.user().bus()
    js = await bus.jetstream()
    for owner in OWNERS:
        await bus.ensure_stream(owner)
        await js.delete_stream(owner.upper())
        await bus.ensure_stream(owner)
    yield
    await bus.close()


async def test_an_owner_tells_of_its_parts(serve: Serve):
    async with serve(FUNDING) as client:
        values = await until(client, devcoop_relay_leading=1, devcoop_broker_connected=1)
    assert names(values) >= OF_ALL | OF_OWNERS
    assert values["devcoop_build_info", "funding", VERSION] == 1
    assert values["devcoop_pool_size", "service"] == 10
    assert values["devcoop_worker_running", "relay"] == 1
    assert values["devcoop_worker_failures_total", "relay"] == 0
    assert not names(values) & (OF_PROJECTORS - OF_OWNERS)


async def test_what_waits_is_told_while_the_broker_is_away(serve: Serve, nats: EmbeddedNats, identifier: str):
    async with serve(PROJECTS) as client:
        await write(client, f"{identifier}-0")
        await until(client, devcoop_relay_published_total=1, devcoop_outbox_waiting=0)
        nats.kill()
        try:
            for number in (1, 2, 3):
                await write(client, f"{identifier}-{number}")
            away = await until(client, devcoop_broker_connected=0, devcoop_outbox_waiting=3)
        finally:
            nats.start()
        assert away["devcoop_outbox_oldest_seconds",] > 0
        assert away["devcoop_relay_published_total",] == 1
        back = await until(client, devcoop_relay_published_total=4, devcoop_outbox_waiting=0)
        assert back["devcoop_outbox_oldest_seconds",] == 0


async def test_one_of_two_processes_leads(serve: Serve, database_url: str):
    async with (
        serve(PROJECTS, database_url=database_url) as one,
        serve(PROJECTS, database_url=database_url) as two,
    ):
        async with asyncio.timeout(SECONDS):
            leading: list[float] = []
            while sum(leading) != 1:
                leading = [(await scrape(each))["devcoop_relay_leading",] for each in (one, two)]
        assert sorted(leading) == [0, 1]


async def test_a_scrape_tells_what_it_can_while_the_database_is_away(serve: Serve):
    with tempfile.TemporaryDirectory(prefix="devcoop-pg-") as folder:
        server = EmbeddedPostgres(Path(folder) / "data", Keys(Path(folder) / "keys"))
        server.start()
        try:
            url = server.database_with_password("metrics", owner="tests")
            async with serve(FUNDING, database_url=url) as client:
                assert names(await until(client, devcoop_relay_leading=1)) >= OF_ALL | OF_OWNERS
                server.stop()
                values = await scrape(client)
                server.start()
        finally:
            server.stop()
    assert values["devcoop_check_state", "database"] == 2
    assert not names(values) & {
        "devcoop_outbox_waiting",
        "devcoop_outbox_oldest_seconds",
        "devcoop_dead_letters",
    }
    assert names(values) >= OF_ALL


async def test_connections_of_a_pool_are_told_and_who_got_none(database_url: str):
    database, metrics = Database(database_url, pool=2), Metrics("tests")
    meter = pools_meter({"service": lambda: database, "read_model": lambda: None})

    async def told() -> dict[tuple[str, ...], float]:
        return {(s.name.removeprefix("devcoop_pool_"), *s.labels.values()): s.value for s in await meter({})}

    async with AsyncExitStack() as held:
        await held.enter_async_context(database.engine.connect())
        async with database.engine.connect():
            assert (await told())["connections", "service", "in_use"] == 2
        assert await told() == {
            ("connections", "service", "in_use"): 1,
            ("connections", "service", "idle"): 1,
            ("size", "service"): 2,
            ("timeouts_total", "service"): 0,
        }
        await held.enter_async_context(database.engine.connect())
        with pytest.raises(PoolTimeout, match="QueuePool limit"):
            await held.enter_async_context(database.engine.connect())
    assert (await told())["timeouts_total", "service"] == 1
    metrics.moment.show(await meter({}))
    assert metrics.registry.get_sample_value("devcoop_pool_timeouts_total", {"pool": "service"}) == 1
    await database.dispose()


@pytest.mark.usefixtures("empty_streams")
async def test_copies_tell_how_far_they_are_and_what_they_put_aside(
    serve: Serve, nats: EmbeddedNats, identifier: str
):
    async with serve(PROJECTS) as projects, serve(FUNDING) as funding:
        await write(projects, identifier)
        await put_nonsense(nats, "projects")
        values = await until_told(
            funding,
            (("devcoop_dead_letters", "copies"), 1),
            (("devcoop_consumer_lag", "copies", "projects"), 0),
        )
    assert names(values) >= OF_CONSUMERS


@pytest.mark.usefixtures("empty_streams")
async def test_a_projector_tells_how_old_the_read_model_is(serve: Serve, nats: EmbeddedNats, identifier: str):
    async with serve(PROJECTS) as projects, serve(GATEWAY, roles=["projector"]) as projector:
        await write(projects, identifier)
        await put_nonsense(nats, "projects")
        values = await until_told(
            projector,
            (("devcoop_projection_events_total", "projects"), 1),
            (("devcoop_dead_letters", "projection"), 1),
            (("devcoop_consumer_lag", "projection", "projects"), 0),
            (("devcoop_projection_age_seconds", "projects"), 0),
        )
    assert names(values) >= OF_ALL | OF_CONSUMERS | OF_PROJECTORS
    assert ("devcoop_pool_size", "service") in values


@pytest.mark.usefixtures("empty_streams")
async def test_a_gateway_that_only_answers_follows_nothing_and_has_two_pools(serve: Serve):
    async with serve(GATEWAY, roles=["api", "projector"]) as client:
        values = await until_told(client, (("devcoop_pool_size", "read_model"), 10))
    assert values["devcoop_pool_size", "service"] == 10
    async with serve(GATEWAY, roles=["api"]) as client:
        values = await scrape(client)
    assert names(values) >= OF_ALL
    assert not names(values) & (OF_OWNERS | OF_CONSUMERS | OF_PROJECTORS)


def test_a_read_model_is_as_old_as_its_newest_event_or_as_the_moment_when_it_had_all():
    ages, start = Ages(), datetime(2026, 3, 1, tzinfo=UTC)

    def note(minutes: int, waiting: int, recorded: int) -> float:
        moment = start + timedelta(minutes=minutes)
        told = ages.note({"projects": waiting}, {"projects": start + timedelta(minutes=recorded)}, moment)
        return told["projects"] / 60

    assert note(10, 5, 0) == 10
    assert note(20, 0, 15) == 0
    assert note(30, 1, 15) == 10
    assert note(40, 2, 35) == 5


def test_of_an_owner_of_whom_nothing_is_known_no_age_is_told():
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert Ages().note({"projects": 5}, {}, now) == {}
    assert Ages().note({"error": "away"}, {}, now) == {}
