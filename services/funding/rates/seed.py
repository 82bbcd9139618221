"""The history of the European Central Bank's reference rates that comes with the software, taken in at the start."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import structlog
from currency_converter import CURRENCY_FILE

from services.funding.models import RateSeedRow
from services.funding.rates.files import Rates, parse, unpacked
from services.funding.rates.sheets import CONCURRENT, Source, by_month, put_rates
from shared.chassis.db import Database, bulk_upsert
from shared.chassis.documents import Actor
from shared.chassis.errors import Conflict
from shared.chassis.workers import pause

ECB = Source("ECB", "ecb-daily", "EUR")
MONTHS_AT_ONCE = 12
"""Sheets of one transaction, about half a megabyte, so that no writer waits for long."""
REST = 3
"""How many times as long as it took to add some months the worker rests after them, so that requests go first."""
TRIES = 5
"""How often other writes are given way to before the worker is started anew."""
RETRY_SECONDS = 0.2

_log = structlog.get_logger()


class RateSeed:
    """Adds the rates of a file to the sheets of the European Central Bank, once for each state of the file.

    What the sheets have already stays as it is. A rate that somebody took out of a sheet comes back at most when
    another file is shipped.
    """

    name = "rate-seed"

    def __init__(self, database: Database, file: Path = Path(CURRENCY_FILE)) -> None:
        self._database, self._file = database, file
        self.done = False

    async def run(self, stop: asyncio.Event) -> None:
        """Add what is absent, then wait for the end."""
        data = await asyncio.to_thread(self._file.read_bytes)
        digest = hashlib.blake2b(data, digest_size=16).digest()
        try:
            if not await self._is_done(digest):
                await self._seed(data, digest, stop)
        except Conflict as conflict:
            if conflict.code == CONCURRENT:
                raise
            _log.error("rates.not_seeded", source=ECB.name, reason=conflict.detail)
        self.done = True
        await stop.wait()

    async def _is_done(self, digest: bytes) -> bool:
        async with self._database.session() as session:
            row = await session.get(RateSeedRow, ECB.name)
        return row is not None and row.digest == digest

    async def _seed(self, data: bytes, digest: bytes, stop: asyncio.Event) -> None:
        clock = asyncio.get_running_loop().time
        started, added = clock(), 0
        months = await asyncio.to_thread(_read, data)
        actor = Actor("system", f"rate-seed:{digest.hex()}", "The history that comes with the software")
        newest_first = sorted(months, reverse=True)
        for place in range(0, len(newest_first), MONTHS_AT_ONCE):
            begun = clock()
            chunk = {month: months[month] for month in newest_first[place : place + MONTHS_AT_ONCE]}
            added += await self._put(chunk, actor, stop)
            await pause(stop, REST * (clock() - begun))
            if stop.is_set():
                return
        async with self._database.session() as session, session.begin():
            row = {"source": ECB.name, "digest": digest, "seeded_at": datetime.now(UTC)}
            await bulk_upsert(session, RateSeedRow, [row], key=["source"])
        _log.info("rates.seeded", source=ECB.name, added=added, seconds=round(clock() - started, 2))

    async def _put(self, months: Mapping[str, Rates], actor: Actor, stop: asyncio.Event) -> int:
        """Add the rates of some months in one transaction, and return how many that were.

        Raises:
            Conflict: the sheets are of another kind or base, or other writes came in between each time.

        """
        for attempt in range(1, TRIES + 1):
            try:
                async with self._database.session() as session, session.begin():
                    counts, _ = await put_rates(session, ECB, months, actor=actor, replace=False)
            except Conflict as conflict:
                if conflict.code != CONCURRENT or attempt == TRIES:
                    raise
                await pause(stop, RETRY_SECONDS * attempt)
            else:
                return counts.added
        return 0


def _read(data: bytes) -> dict[str, Rates]:
    return by_month(parse(unpacked(data), ECB.base))
