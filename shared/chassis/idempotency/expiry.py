"""Answers are kept for some days, and then forgotten: a few at a time, so that no request waits for it."""

import asyncio

from shared.chassis.db import Database
from shared.chassis.idempotency.store import forget
from shared.chassis.workers import pause

PAUSE_SECONDS = 3600.0
MOST_AT_ONCE = 1000


class Expiry:
    """Forgets answers whose days are over; a worker of every process."""

    name = "kept answers"

    def __init__(self, database: Database, days: int, *, seconds: float = PAUSE_SECONDS) -> None:
        self._database, self._days, self._seconds = database, days, seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Forget until ``stop`` is set; it begins after a pause, since a start has enough to do."""
        await pause(stop, self._seconds)
        while not stop.is_set():
            async with self._database.session() as session, session.begin():
                forgotten = await forget(session, self._days, MOST_AT_ONCE)
            if forgotten < MOST_AT_ONCE:
                await pause(stop, self._seconds)
