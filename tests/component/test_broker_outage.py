"""Without the broker writes succeed and facts wait; with two processes each fact is published once."""

import asyncio
from contextlib import AsyncExitStack

from services.projects.main import SERVICE
from shared.testing.documents import ACTIVITY, put
from shared.testing.streams import await_published, published


async def write(client, identifiers, **members):
    answers = await asyncio.gather(
        *(put(client, ACTIVITY.address(each), ACTIVITY.document(each, **members)) for each in identifiers)
    )
    assert {answer.status_code for answer in answers} <= {200, 201}


async def versions_of(nats, *identifiers):
    """Return the versions published of each, in the order of the stream."""
    versions = {each: [] for each in identifiers}
    for event in await published(nats, "projects"):
        if event.data["iati_identifier"] in versions:
            versions[event.data["iati_identifier"]].append(event.aggregate_version)
    return list(versions.values())


async def test_without_the_broker_writes_succeed_and_their_facts_are_published_later(serve, nats, identifier):
    identifiers = [f"{identifier}-{place}" for place in range(10)]
    async with serve(SERVICE) as client:
        await write(client, identifiers)
        nats.kill()
        try:
            for status in ("3", "4", "5"):
                await write(client, identifiers, status=status)
            ready = await client.get("/readyz")
        finally:
            nats.start()
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["checks"]["broker"]["state"] == "degraded"
        assert ready.json()["checks"]["outbox"]["detail"]["waiting"] >= 30
        await await_published(client)
        assert (await client.get("/readyz")).json()["status"] == "ok"
    assert await versions_of(nats, *identifiers) == [[1, 2, 3, 4]] * len(identifiers)


async def test_a_service_starts_without_the_broker(serve, nats, identifier):
    nats.kill()
    try:
        async with serve(SERVICE) as client:
            await write(client, [identifier])
            status = (await client.get("/readyz")).json()["status"]
            nats.start()
            await await_published(client)
    except BaseException:
        nats.kill()
        nats.start()
        raise
    assert status == "degraded"
    assert await versions_of(nats, identifier) == [[1]]


async def test_facts_published_while_the_broker_dies_are_in_the_stream_once(serve, nats, identifier):
    identifiers = [f"{identifier}-{place}" for place in range(200)]
    async with serve(SERVICE) as client:
        writing = asyncio.create_task(write(client, identifiers))
        await asyncio.sleep(0.2)
        nats.kill()
        nats.start()
        await writing
        await await_published(client)
    events = await published(nats, "projects")
    ours = [event for event in events if event.data["iati_identifier"].startswith(identifier)]
    assert sorted(event.data["iati_identifier"] for event in ours) == sorted(identifiers)


async def test_two_processes_publish_each_fact_once(serve, database_url, nats, identifier):
    identifiers = [f"{identifier}-{place}" for place in range(50)]
    async with (
        serve(SERVICE, database_url=database_url) as one,
        serve(SERVICE, database_url=database_url) as two,
    ):
        for status in ("2", "3"):
            await asyncio.gather(
                write(one, identifiers[:25], status=status), write(two, identifiers[25:], status=status)
            )
        await await_published(one)
    assert await versions_of(nats, *identifiers) == [[1, 2]] * len(identifiers)


async def test_another_process_takes_over_when_the_leader_ends(serve, database_url, nats, identifier):
    async with AsyncExitStack() as stack:
        async with serve(SERVICE, database_url=database_url) as leader:
            await write(leader, [identifier])
            await await_published(leader)
            other = await stack.enter_async_context(serve(SERVICE, database_url=database_url))
        await write(other, [identifier], status="3")
        await await_published(other)
    assert await versions_of(nats, identifier) == [[1, 2]]
