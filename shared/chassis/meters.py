"""What a process measures at the moment of a scrape: of the parts that it has, and of what its checks were told already.

A meter asks nobody what a check has asked. One that needs the database tells nothing while that is away; it does not fail.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeAlias

from sqlalchemy import TextClause, text

from shared.chassis.copies import Copies
from shared.chassis.db import AWAY, Database
from shared.chassis.health import Check
from shared.chassis.metrics import Sample
from shared.chassis.relay import Relay
from shared.chassis.workers import Supervisor

Meter: TypeAlias = Callable[[Mapping[str, Check]], Awaitable[Iterable[Sample]]]
"""Is given the checks of the scrape by name."""
Pools: TypeAlias = Mapping[str, Callable[[], Database | None]]
"""The pools of a process by name; one may not be open at the moment."""

LAG = ("devcoop_consumer_lag", "Messages of a stream that a consumer has not yet taken in")
DEAD_LETTERS = ("devcoop_dead_letters", "Messages that a consumer could not take in and put aside")
_LETTERS = text("SELECT count(*) FROM copy_letter")


def broker_meter() -> Meter:
    """Return a meter of whether the broker can be reached."""

    async def meter(checks: Mapping[str, Check]) -> Iterable[Sample]:
        told = "Whether the process is connected to NATS"
        return [Sample("devcoop_broker_connected", told, checks["broker"].state == "ok")]

    return meter


def outbox_meter(relay: Relay) -> Meter:
    """Return a meter of what waits in the outbox, and of the relay that publishes it."""

    async def meter(checks: Mapping[str, Check]) -> Iterable[Sample]:
        waiting = checks["outbox"].detail
        samples = [
            Sample("devcoop_relay_leading", "Whether the relay of this process publishes", relay.is_leading),
            Sample("devcoop_relay_published_total", "Events that the broker acknowledged", relay.published),
        ]
        if "waiting" in waiting:
            samples += [
                Sample("devcoop_outbox_waiting", "Events to be published, up to 10,000", waiting["waiting"]),
                Sample(
                    "devcoop_outbox_oldest_seconds",
                    "Seconds for which the oldest of them has been waiting",
                    waiting["oldest_seconds"],
                ),
            ]
        return samples

    return meter


def copies_meter(database: Database, copies: Copies) -> Meter:
    """Return a meter of how far copies of other owners are behind, told by the process that keeps them."""

    async def meter(checks: Mapping[str, Check]) -> Iterable[Sample]:
        if not copies.is_leading:
            return []
        letters = await count(database, _LETTERS, checks)
        return [*lag_samples(Copies.name, checks[Copies.name].detail), *letter_samples(Copies.name, letters)]

    return meter


def workers_meter(supervisor: Supervisor) -> Meter:
    """Return a meter of the workers of a process."""

    async def meter(_checks: Mapping[str, Check]) -> Iterable[Sample]:
        samples = []
        for each in supervisor.workers:
            worker = {"worker": each.worker.name}
            samples += [
                Sample("devcoop_worker_running", "Whether a worker is at work", each.running, worker),
                Sample("devcoop_worker_failures_total", "Errors that ended a worker", each.failures, worker),
            ]
        return samples

    return meter


def pools_meter(pools: Pools) -> Meter:
    """Return a meter of the connections of a process to its databases."""

    async def meter(_checks: Mapping[str, Check]) -> Iterable[Sample]:
        samples: list[Sample] = []
        for name, find in pools.items():
            if (database := find()) is not None:
                samples += _pool_samples(name, database)
        return samples

    return meter


def lag_samples(consumer: str, lag: Mapping[str, object]) -> list[Sample]:
    """Return samples of what a check tells of a consumer by owner; of one that could not ask there are none."""
    return [
        Sample(*LAG, waiting, {"consumer": consumer, "owner": owner})
        for owner, waiting in lag.items()
        if isinstance(waiting, int)
    ]


def letter_samples(consumer: str, letters: int | None) -> list[Sample]:
    """Return the sample of a consumer's dead letters, none if they could not be counted."""
    return [] if letters is None else [Sample(*DEAD_LETTERS, letters, {"consumer": consumer})]


async def count(database: Database, statement: TextClause, checks: Mapping[str, Check]) -> int | None:
    """Return what a statement counts; None while the database is away, which a check has waited for already."""
    if checks["database"].state == "down":
        return None
    try:
        async with database.engine.connect() as connection:
            return int((await connection.execute(statement)).scalar_one())
    except AWAY:
        return None


def _pool_samples(name: str, database: Database) -> Iterable[Sample]:
    pool = database.pool
    told = "Connections of a pool that are open"
    late = "How often nobody got a connection of a pool in time"
    yield Sample("devcoop_pool_connections", told, pool.checkedout(), {"pool": name, "state": "in_use"})
    yield Sample("devcoop_pool_connections", told, pool.checkedin(), {"pool": name, "state": "idle"})
    yield Sample("devcoop_pool_size", "Most connections of a pool", pool.size(), {"pool": name})
    yield Sample("devcoop_pool_timeouts_total", late, pool.timeouts, {"pool": name})
