"""Refused attempts: written apart from the requests, whose own transactions are rolled back, and bounded.

The first refusal of its kind - one principal, source, action and code - is an entry at once. What repeats it within a
minute is counted, and is one more entry when the minute is over. Kinds are bounded too: beyond that, refusals of one
action and code are counted together, whoever they are of. So a flood of refused requests does not fill the disk, and no
refusal is left out of the count.

An attempt of somebody with a name is answered once its entry is stored, so that nobody who is known tries without trace; if
the database is away, after a second. Anonymous ones are answered at once. What a crash loses are counts of the last minute.
"""

import asyncio
import contextlib
from collections.abc import Hashable
from dataclasses import dataclass, field, replace

import structlog

from shared.chassis.audit.entries import Affected, Attempt, Refusal, note_refused
from shared.chassis.db import AWAY, Database
from shared.chassis.workers import pause

WINDOW_SECONDS = 60.0
TICK_SECONDS = 1.0
WAIT_SECONDS = 1.0
RETRY_SECONDS = 0.5
MOST_KINDS = 500
MANY = "many"
"""Who it was, where it is told of many together."""

_log = structlog.get_logger()


@dataclass(slots=True)
class _Kind:
    """Refusals of one kind: the last of them, how many are not written, and when the first of its minute came."""

    last: Refusal
    since: float
    pending: int = 0
    written: asyncio.Event = field(default_factory=asyncio.Event)


class Refusals:
    """Takes note of what a process refuses, and writes it; a worker of the process."""

    name = "audit refusals"

    def __init__(self, database: Database, *, window: float = WINDOW_SECONDS, most: int = MOST_KINDS) -> None:
        self._database, self._window, self._most = database, window, most
        self._kinds: dict[Hashable, _Kind] = {}
        self._woken = asyncio.Event()

    @property
    def kinds(self) -> int:
        """How many kinds are counted at this moment."""
        return len(self._kinds)

    def note(self, refusal: Refusal) -> asyncio.Event:
        """Take note of a refusal, and return what is set once its kind is in the audit."""
        key = _key(refusal)
        if key not in self._kinds and len(self._kinds) >= self._most:
            refusal = _of_many(refusal)
            key = _key(refusal)
        kind = self._kinds.setdefault(key, _Kind(refusal, asyncio.get_running_loop().time()))
        kind.last = refusal
        kind.pending += 1
        if not kind.written.is_set():
            self._woken.set()
        return kind.written

    async def record(self, refusal: Refusal) -> None:
        """Take note of a refusal, and wait until its kind is in the audit if it is of somebody with a name."""
        written = self.note(refusal)
        if not refusal.attempt.is_anonymous:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(written.wait(), WAIT_SECONDS)

    async def run(self, stop: asyncio.Event) -> None:
        """Write what is noted until ``stop`` is set, and what is left then."""
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._woken.clear()
                if not await self._write(only_due=True):
                    await pause(stop, RETRY_SECONDS)
                    continue
                woken = asyncio.create_task(self._woken.wait())
                tick = min(TICK_SECONDS, self._window)
                await asyncio.wait({woken, stopped}, timeout=tick, return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()
        finally:
            stopped.cancel()
        if not await self._write(only_due=False):
            _log.error("audit.refusals_lost", count=sum(kind.pending for kind in self._kinds.values()))

    async def _write(self, *, only_due: bool) -> bool:
        """Write what is due; False if the database is away."""
        now = asyncio.get_running_loop().time()
        due = [
            (kind, kind.last, kind.pending)
            for kind in self._kinds.values()
            if kind.pending and not (only_due and kind.written.is_set() and now < kind.since + self._window)
        ]
        try:
            if due:
                async with self._database.session() as session, session.begin():
                    for _, refusal, count in due:
                        await note_refused(session, refusal, count)
        except AWAY as error:
            _log.warning("audit.waiting", reason=type(error).__name__)
            return False
        for kind, _, count in due:
            kind.pending -= count
            kind.written.set()
        for key, kind in list(self._kinds.items()):
            if not kind.pending and now >= kind.since + self._window:
                del self._kinds[key]
        return True


def _key(refusal: Refusal) -> Hashable:
    attempt = refusal.attempt
    return attempt.principal, attempt.source, attempt.action, refusal.code


def _of_many(refusal: Refusal) -> Refusal:
    """Return a refusal without what tells it from others of its action and code."""
    attempt = Attempt(MANY, MANY, "", "", refusal.attempt.action, refusal.attempt.correlation_id)
    return replace(refusal, attempt=attempt, affected=Affected())
