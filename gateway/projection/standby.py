"""A standby of the gateway's database that answers in place of the primary, for as long as it is level with it.

What the primary tells of itself is heard a moment before a standby shows it. So whenever something was heard, and whenever the
standby is slow or away, answers are read from the primary, until the standby was seen to show all that was committed then. An
answer is never older than what was heard.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.chassis.db import Database, execute

LOOK_SECONDS = 0.01
CHECK_SECONDS = 1.0
"""How often to look whether it is level still, though nothing was heard."""
PATIENCE_SECONDS = 2.0
"""How long the standby may take to answer, and to come as far as the primary."""

_WRITTEN = text("SELECT pg_current_wal_lsn()")
_SHOWN = text(
    "SELECT pg_postmaster_start_time(),"
    " NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= CAST(:written AS pg_lsn)"
)

_log = structlog.get_logger()


class Standby:
    """Watches one standby by connections of its own."""

    def __init__(self, primary: Database, standby: Database, returned: Callable[[], Awaitable[None]]) -> None:
        """Prepare to watch.

        Args:
            primary: of the gateway's database.
            standby: one server, and always the same.
            returned: is called before it answers, whenever it was started: connections are void, and meanwhile it may have
                shown less.

        """
        self._primary, self._standby, self._returned = primary, standby.apart(), returned
        self._heard = asyncio.Event()
        self._started: datetime | None = None
        self._level_at = time.monotonic()
        self.is_level = False

    @property
    def behind_seconds(self) -> float:
        """How long ago it was level."""
        return 0.0 if self.is_level else time.monotonic() - self._level_at

    def hear(self) -> None:
        """Note that the primary told of something: the standby is not level until it was looked at."""
        self._fall_behind()
        self._heard.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            while True:
                self._heard.clear()
                try:
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        await self._come_level()
                except (SQLAlchemyError, OSError) as error:  # a timeout among them
                    self._fall_behind()
                    _log.warning("standby.behind", error=type(error).__name__)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._heard.wait(), CHECK_SECONDS)
        finally:
            self._fall_behind()
            await self._standby.dispose()

    async def _come_level(self) -> None:
        """Wait until the standby shows all that is committed now; it is level unless something was heard meanwhile."""
        async with self._primary.session() as session:
            written = (await execute(session, _WRITTEN)).scalar_one()
        async with self._standby.session() as session:
            while True:
                started, shown = (await execute(session, _SHOWN, written=written)).one()
                if shown:
                    break
                self._fall_behind()
                await asyncio.sleep(LOOK_SECONDS)
        if started != self._started:
            self._started = started
            await self._returned()
        if not self._heard.is_set():
            self.is_level, self._level_at = True, time.monotonic()

    def _fall_behind(self) -> None:
        if self.is_level:
            self.is_level, self._level_at = False, time.monotonic()
