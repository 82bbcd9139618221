"""Work that one process at a time does: the one that holds an advisory lock of the database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import text

from shared.chassis.db import Database
from shared.chassis.workers import pause

LEADER_SECONDS = 1.0
"""How long a process that does not lead waits before it tries again."""

_TRY_LOCK = text("SELECT pg_try_advisory_lock(:key)")


async def lead(
    database: Database,
    key: int,
    stop: asyncio.Event,
    work: Callable[[asyncpg.Connection, asyncio.Event], Awaitable[None]],
) -> None:
    """Work while this process is the leader, and wait to become it otherwise; return when the work ends.

    Args:
        database: whose lock it is.
        key: of the lock.
        stop: ends the waiting.
        work: is given the connection that holds the lock.

    """
    while not stop.is_set():
        async with leadership(database, key) as connection:
            if connection is not None:
                await work(connection, stop)
                return
        await pause(stop, LEADER_SECONDS)


@asynccontextmanager
async def leadership(database: Database, key: int) -> AsyncIterator[asyncpg.Connection | None]:
    """Yield a connection that holds the lock, None if another process holds it.

    The lock is lost with the connection: who leads asks it now and then whether it is alive.
    """
    async with database.engine.connect() as pooled:
        await pooled.execution_options(isolation_level="AUTOCOMMIT")
        is_led = False
        try:
            is_led = not await pooled.scalar(_TRY_LOCK, {"key": key})
            yield None if is_led else (await pooled.get_raw_connection()).driver_connection
        finally:
            if not is_led:
                await pooled.invalidate()  # which gives the lock up, whatever state it is in
