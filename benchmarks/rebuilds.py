"""A rebuild of the read model beside a bare loop that fetches and acknowledges the same messages."""

import asyncio
import time
from uuid import uuid4

import asyncpg
import uvloop
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig
from rich.console import Console

from benchmarks.figures import at_least, per_second, percent, ratio, table
from benchmarks.stand import Stand
from deploy.broker import BrokerUser
from deploy.local.system import OWNERS
from gateway.main import SERVICE
from gateway.projection.generations import begin, fingerprint
from shared.chassis.db import Database

ROUNDS = 2
BATCH = 500
MOST_SECONDS = 60
BAR = 0.5


def measure(stand: Stand, console: Console) -> None:
    """Measure and print the table."""
    events = sum(asyncio.run(stand.ends()).values())
    ours, bare = [], []
    for _ in range(ROUNDS):
        ours.append(events / stand.in_child(rebuild, stand.database_url("gateway")))
        stand.settle()
        bare.append(events / stand.in_child(fetch_and_acknowledge, stand.broker))
    share = ratio(ours, bare)
    shown = table(
        "Rebuild of the read model, from its beginning until it answers",
        [],
        ["Events", "rebuild/s", "bare fetch and ack/s", "ratio", f"≥ {percent(BAR)}"],
    )
    shown.add_row(f"{events:,}", per_second(ours), per_second(bare), percent(share), at_least(share, BAR))
    console.print(shown)


def rebuild(database_url: str) -> float:
    """Begin a generation, and return the seconds until it answers."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_rebuild(database_url))


async def _rebuild(database_url: str) -> float:
    database = Database(database_url)
    watching = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        answering = await watching.fetchval("SELECT max(fingerprint) FROM generation WHERE state = 'active'")
        if answering != fingerprint():
            raise RuntimeError(f"the read model of the {SERVICE.name} that runs was built by other code")
        async with database.session() as session, session.begin():
            generation = (await begin(session)).id
        started = time.perf_counter()
        while await watching.fetchval("SELECT state FROM generation WHERE id = $1", generation) != "active":
            if time.perf_counter() - started > MOST_SECONDS:
                raise TimeoutError("the read model is not rebuilt within a minute")
            await asyncio.sleep(0.02)
        return time.perf_counter() - started
    finally:
        await watching.close()
        await database.dispose()


def fetch_and_acknowledge(broker: BrokerUser) -> float:
    """Return the seconds to fetch and acknowledge all messages of all streams, side by side."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_fetch_all(broker))


async def _fetch_all(broker: BrokerUser) -> float:
    client = await broker.connect()
    js = client.jetstream()
    started = time.perf_counter()
    try:
        await asyncio.gather(*(_fetch(js, owner.upper()) for owner in OWNERS))
        await client.flush()
        return time.perf_counter() - started
    finally:
        await client.close()


async def _fetch(js: JetStreamContext, stream: str) -> None:
    messages = (await js.stream_info(stream)).state.messages
    name = f"bench-{uuid4().hex[:8]}"
    await js.add_consumer(
        stream, ConsumerConfig(durable_name=name, ack_policy=AckPolicy.EXPLICIT, max_ack_pending=-1)
    )
    subscription = await js.pull_subscribe_bind(name, stream)
    while messages:
        for message in await subscription.fetch(min(BATCH, messages), timeout=5):
            await message.ack()
            messages -= 1
    await subscription.unsubscribe()
    await js.delete_consumer(stream, name)
