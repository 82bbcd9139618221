"""The relay beside a bare pipelined publish of the same messages to a stream of the same configuration.

The relay runs in the child process, on an outbox of its own in the gateway's database, where no other relay is.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import uvloop
from nats.js import JetStreamContext
from nats.js.api import Header
from rich.console import Console
from sqlalchemy import text
from sqlmodel import SQLModel

from benchmarks.figures import at_least, per_second, percent, ratio, table
from benchmarks.stand import Stand
from deploy.broker import BrokerUser
from shared.chassis.db import Database, new_registry
from shared.chassis.outbox import CHANNEL, OutboxRow
from shared.chassis.relay import Relay

ROUNDS = 4
MESSAGES = 5000
WINDOW = 1000
"""Messages of the bare publish that are under way at once: as many as the relay reads at once."""

MOST_SECONDS = 60
BAR = 0.8
SCHEMA = "bench"
RELAYED, BARE = "benchrelay", "benchbare"


class Base(SQLModel, registry=new_registry()):
    """What the table of the benchmark is declared on."""


class Outbox(OutboxRow, Base, table=True):
    """An outbox like every service's."""

    __tablename__ = "outbox"


def run(database_url: str, broker: BrokerUser, payloads: Sequence[str]) -> list[tuple[float, float]]:
    """Return messages per second of the relay and of the bare publish, round by round."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(database_url, broker, payloads))


async def _run(database_url: str, broker: BrokerUser, payloads: Sequence[str]) -> list[tuple[float, float]]:
    database = Database(database_url, schema=SCHEMA)
    bus = broker.bus()
    async with database.engine.begin() as connection:
        await connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        await connection.run_sync(Base.metadata.create_all, checkfirst=False)
    dsn = database_url.replace("+asyncpg", "")
    watching = await asyncpg.connect(dsn, server_settings={"search_path": SCHEMA})
    client = await broker.connect()
    js = client.jetstream(publish_async_max_pending=4 * WINDOW)
    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(database, bus, RELAYED).run(stop))
    try:
        await bus.ensure_stream(RELAYED)
        await bus.ensure_stream(BARE)
        await asyncio.sleep(0.5)
        rounds = []
        for _ in range(ROUNDS):
            rounds.append(
                (MESSAGES / await _relayed(watching, payloads), MESSAGES / await _bare(js, payloads))
            )
            await js.purge_stream(RELAYED.upper())
            await js.purge_stream(BARE.upper())
        return rounds
    finally:
        stop.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(relay, 10)
        await watching.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
        await watching.close()
        for stream in (RELAYED, BARE):
            await js.delete_stream(stream.upper())
        await client.close()
        await bus.close()
        await database.dispose()


async def _relayed(connection: asyncpg.Connection, payloads: Sequence[str]) -> float:
    """Stage messages in one transaction, and return the seconds from its commit until all are marked published."""
    now = datetime.now(UTC)
    rows = []
    for number in range(MESSAGES):
        aggregate, payload = uuid4(), payloads[number % len(payloads)]
        subject = f"{RELAYED}.v1.activity.registered.{aggregate}"
        rows.append((uuid4(), aggregate, subject, payload, len(payload.encode()), now))
    columns = ("event_id", "aggregate_id", "subject", "payload", "size", "recorded_at")
    await connection.execute("TRUNCATE outbox")
    async with connection.transaction():
        await connection.copy_records_to_table("outbox", records=rows, columns=columns)
        await connection.execute("ANALYZE outbox")
        await connection.execute(f"SELECT pg_notify('{CHANNEL}', '')")
    started = time.perf_counter()
    while await connection.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)"):
        if time.perf_counter() - started > MOST_SECONDS:
            raise TimeoutError("the relay does not come to an end")
        await asyncio.sleep(0.005)
    return time.perf_counter() - started


async def _bare(js: JetStreamContext, payloads: Sequence[str]) -> float:
    """Publish window after window, and return the seconds until all are acknowledged."""
    messages = [
        (f"{BARE}.v1.activity.registered.{uuid4()}", payloads[number % len(payloads)].encode(), str(uuid4()))
        for number in range(MESSAGES)
    ]
    started = time.perf_counter()
    for first in range(0, MESSAGES, WINDOW):
        futures = [
            await js.publish_async(subject, payload, stream=BARE.upper(), headers={Header.MSG_ID.value: id_})
            for subject, payload, id_ in messages[first : first + WINDOW]
        ]
        for future in futures:
            await asyncio.wait_for(future, MOST_SECONDS)
    return time.perf_counter() - started


def measure(stand: Stand, console: Console) -> None:
    """Measure and print the table."""
    payloads = asyncio.run(_payloads(stand.dsn("projects")))
    rounds = stand.in_child(run, stand.database_url("gateway"), stand.broker, payloads)
    ours, bare = zip(*rounds, strict=True)
    share = ratio(ours, bare)
    size = sum(len(payload) for payload in payloads) / len(payloads) / 1024
    shown = table(
        f"Relay: {MESSAGES:,} staged facts ({size:.1f} KB on average) until all are acknowledged and marked",
        [],
        ["relay/s", "bare publish/s", "ratio", f"≥ {percent(BAR)}"],
    )
    shown.add_row(per_second(ours), per_second(bare), percent(share), at_least(share, BAR))
    console.print(shown)


async def _payloads(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("SELECT payload FROM outbox ORDER BY id LIMIT 1000")
    finally:
        await connection.close()
    return [row["payload"] for row in rows]
