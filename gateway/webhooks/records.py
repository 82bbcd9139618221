"""What became of attempts, written in batches: states of deliveries, the attempts themselves, how endpoints fare."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.webhooks.models import DELIVERED, PENDING, WebhookAttempt
from shared.chassis.db import Database, bulk_insert, execute

MOST_AT_ONCE = 1000
MOST_UNWRITTEN = 4000
"""Outcomes that wait to be written; while there are more nothing else is sent."""
GATHER_SECONDS = 0.02
RETRY_SECONDS = 0.5
ANSWER_CHARACTERS = 500
TOLD_EVERY_SECONDS = 5.0
"""How often it is written down that an endpoint goes on taking deliveries."""

_SETTLE = text("""
    UPDATE webhook_delivery AS d
    SET state = r.state, attempts = r.attempts, next_at = r.next_at, last_status = r.status, last_error = r.error,
        done_at = r.done_at
    FROM unnest(
        CAST(:webhook_ids AS uuid[]), CAST(:event_ids AS uuid[]), CAST(:positions AS bigint[]), CAST(:states AS text[]),
        CAST(:attempts AS int[]), CAST(:next_ats AS timestamptz[]), CAST(:statuses AS int[]), CAST(:errors AS text[]),
        CAST(:done_ats AS timestamptz[])
    ) AS r(webhook_id, event_id, position, state, attempts, next_at, status, error, done_at)
    WHERE d.webhook_id = r.webhook_id AND d.event_id = r.event_id AND d.position = r.position AND d.state = 'pending'
""")
_SUCCEEDED = text("""
    UPDATE webhook AS w SET last_success_at = r.at, failing_since = NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:ats AS timestamptz[])) AS r(id, at) WHERE w.id = r.id
""")
_FAILED = text("""
    UPDATE webhook AS w SET failing_since = r.at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:ats AS timestamptz[])) AS r(id, at)
    WHERE w.id = r.id AND w.failing_since IS NULL
""")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery; ``milliseconds`` is None where there was no attempt."""

    webhook_id: UUID
    event_id: UUID
    position: int
    state: str
    attempts: int
    next_at: datetime
    at: datetime
    status: int | None = None
    error: str | None = None
    milliseconds: int | None = None
    answer: str = ""


def printable(start: bytes) -> str:
    """Return the start of an answer as text that can be shown and stored."""
    told = start.decode(errors="replace")[:ANSWER_CHARACTERS]
    return "".join(
        each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in told
    )


@dataclass(slots=True)
class _Health:
    """How an endpoint fares, as far as it was written down."""

    failing: bool | None = None
    told_at: datetime | None = None


class Recorder:
    """Writes outcomes; what is not written when the process dies is sent again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unwritten: list[Outcome] = []
        self._added = asyncio.Event()
        self._written = asyncio.Event()
        self._writing = 0
        self._health: dict[UUID, _Health] = {}

    @property
    def is_behind(self) -> bool:
        """Whether so much waits to be written that nothing more should be sent."""
        return len(self._unwritten) > MOST_UNWRITTEN

    def add(self, outcome: Outcome) -> None:
        """Have an outcome written soon."""
        self._unwritten.append(outcome)
        self._added.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Write until told to stop, and then what is left."""
        while not (stop.is_set() and not self._unwritten):
            if not self._unwritten:
                self._added.clear()
                waits = [asyncio.create_task(each.wait()) for each in (self._added, stop)]
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for wait in waits:
                    wait.cancel()
            await asyncio.sleep(GATHER_SECONDS)
            if not await self._write_some() and stop.is_set():
                return

    async def settle(self) -> None:
        """Wait until what was added so far is written."""
        while self._unwritten or self._writing:
            self._written.clear()
            await self._written.wait()

    async def _write_some(self) -> bool:
        """Write what waits; False if the database does not take it now."""
        outcomes = self._unwritten[:MOST_AT_ONCE]
        if not outcomes:
            return True
        self._writing = len(outcomes)
        try:
            async with self._database.session() as session, session.begin():
                await self._write(session, outcomes)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("webhooks.not_recorded", error=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)
            return False
        finally:
            self._writing = 0
        del self._unwritten[: len(outcomes)]
        self._written.set()
        return True

    async def _write(self, session: AsyncSession, outcomes: Sequence[Outcome]) -> None:
        last = {(each.webhook_id, each.event_id, each.position): each for each in outcomes}.values()
        await execute(
            session,
            _SETTLE,
            webhook_ids=[each.webhook_id for each in last],
            event_ids=[each.event_id for each in last],
            positions=[each.position for each in last],
            states=[each.state for each in last],
            attempts=[each.attempts for each in last],
            next_ats=[each.next_at for each in last],
            statuses=[each.status for each in last],
            errors=[each.error for each in last],
            done_ats=[None if each.state == PENDING else each.at for each in last],
        )
        tried = [each for each in outcomes if each.milliseconds is not None]
        await bulk_insert(
            session,
            WebhookAttempt,
            [
                {
                    "webhook_id": each.webhook_id,
                    "event_id": each.event_id,
                    "at": each.at,
                    "status": each.status,
                    "error": each.error,
                    "milliseconds": each.milliseconds,
                    "answer": each.answer,
                }
                for each in tried
            ],
        )
        await self._tell_health(session, tried)

    async def _tell_health(self, session: AsyncSession, tried: Sequence[Outcome]) -> None:
        """Write down which endpoints take deliveries and which do not, where that is news."""
        succeeded: dict[UUID, datetime] = {}
        failed: dict[UUID, datetime] = {}
        for each in tried:
            known = self._health.setdefault(each.webhook_id, _Health())
            if each.state == DELIVERED:
                failed.pop(each.webhook_id, None)
                if known.failing is not False or _is_old(known.told_at, each.at):
                    succeeded[each.webhook_id] = each.at
                known.failing = False
            elif known.failing is not True:
                failed[each.webhook_id] = each.at
                known.failing = True
        for statement, told in ((_SUCCEEDED, succeeded), (_FAILED, failed)):
            if told:
                ordered = dict(sorted(told.items()))
                await execute(session, statement, ids=list(ordered), ats=list(ordered.values()))
        for id_, at in succeeded.items():
            self._health[id_].told_at = at


def _is_old(told_at: datetime | None, now: datetime) -> bool:
    return told_at is None or (now - told_at).total_seconds() > TOLD_EVERY_SECONDS


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)
