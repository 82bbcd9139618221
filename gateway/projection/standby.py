"""A standby of the gateway's database that answers in place of the primary.

What the primary tells of itself is heard a moment before a standby shows it. So whoever follows the primary waits until the
standby has come as far, and only then forgets what was answered before.
"""

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.chassis.db import Database, execute

LOOK_SECONDS = 0.01
RETRY_SECONDS = 0.5

_WRITTEN = text("SELECT pg_current_wal_lsn()")
_SHOWN = text(
    "SELECT pg_is_in_recovery(), NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= CAST(:written AS pg_lsn)"
)

_log = structlog.get_logger()


class Standby:
    """Calls back once the standby shows all that the primary had committed when it was heard of."""

    def __init__(self, primary: Database, standby: Database, shown: Callable[[bool], None]) -> None:
        """Prepare to follow.

        Args:
            primary: of the gateway's database.
            standby: where answers are read. Its address may name the primary as well, for when no standby is there.
            shown: is told whether a change of generation was among what was heard of.

        """
        self._primary, self._standby, self._shown = primary, standby.apart(), shown
        self._heard = asyncio.Event()
        self._generation = False

    def hear(self, *, generation: bool) -> None:
        """Note that the primary told of something."""
        self._generation = self._generation or generation
        self._heard.set()

    async def run(self) -> None:
        """Follow until cancelled."""
        try:
            while True:
                await self._heard.wait()
                self._heard.clear()
                generation, self._generation = self._generation, False
                await self._come_as_far()
                self._shown(generation)
        finally:
            await self._standby.dispose()

    async def _come_as_far(self) -> None:
        """Wait until the standby shows what is committed now; where it is away nothing can be read from it either."""
        while True:
            try:
                async with self._primary.session() as session:
                    written = (await execute(session, _WRITTEN)).scalar_one()
                while not await self._shows(written):  # noqa: ASYNC110  (the standby tells nobody)
                    await asyncio.sleep(LOOK_SECONDS)
            except (SQLAlchemyError, OSError) as error:
                _log.warning("standby.away", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _shows(self, written: int) -> bool:
        async with self._standby.session() as session:
            is_standby, shown = (await execute(session, _SHOWN, written=written)).one()
            if not is_standby:  # the primary in its place: look for the standby again the next time
                await (await session.connection()).invalidate()
        return bool(shown)
