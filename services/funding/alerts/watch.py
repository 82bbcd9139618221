"""The watch: raises and resolves alerts about money, as documents change and as days go by.

One process of the service watches. It looks at what changed since it looked last, and once a day at everything, page by
page. Where it stands is kept, so that a process that takes over does not begin anew.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import asyncpg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from services.funding.aggregates import FINANCES
from services.funding.alerts.aggregates import ALERTS
from services.funding.alerts.rules import Thresholds, of_agreement, of_finance, settled
from services.funding.models import AlertRow, AlertWatchRow, Copy
from services.funding.partnerships.aggregates import AGREEMENTS
from services.funding.rates.tables import rate_table
from services.funding.settings import Settings
from shared.chassis.copies import copies_of
from shared.chassis.db import Database, is_one_of
from shared.chassis.documents import Actor, Aggregate, DocumentRow, put_many
from shared.chassis.documents.aggregates import C
from shared.chassis.ids import uuid7
from shared.chassis.leadership import lead
from shared.chassis.workers import pause
from shared.contracts.alerts import Alert
from shared.contracts.funding.v1 import ActivityFinance, Agreement
from shared.contracts.projects.v1 import CountryProgramme
from shared.figures.rates import RateTable

WATCH_LOCK = 0x0DE2
IDS = 5000
PAGE = 200
REST = 3
"""How many times as long as it looked at a page the watch rests after it."""
OVERLAP = timedelta(minutes=2)
"""How far back is looked for versions that were not seen yet: a transaction may end that long after its time."""

_Select: TypeAlias = Select[UUID, int, datetime]
Found: TypeAlias = Callable[[Sequence[str], datetime], Awaitable[list[Alert]]]
"""What needs attention of documents, as JSON, at a time."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far the documents of a noun were looked at: changes up to a time, all of them on a day."""

    seen: datetime
    day: date


class Watch:
    """Watches finances and agreements; ``looks`` counts how often it looked at everything that changed."""

    name = "funding-watch"

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._seconds, self._source = (
            database,
            settings.alert_seconds,
            settings.rate_source,
        )
        self._thresholds = Thresholds(
            settings.overdue_days, settings.delivery_threshold, settings.delivery_from
        )
        self._looked: dict[str, dict[UUID, tuple[int, datetime]]] = {}
        self.looks = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Watch while this process is the leader, and wait to become it otherwise."""
        await lead(self._database, WATCH_LOCK, stop, self._lead)

    async def _lead(self, lock: asyncpg.Connection, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await lock.execute("SELECT 1")
            await self.look(stop)
            await pause(stop, self._seconds)

    async def look(self, stop: asyncio.Event) -> None:
        """Look at what changed since the last time, or at everything if that was not today."""
        await self._walk(AGREEMENTS, self._of_agreements, stop)
        await self._walk(FINANCES, self._of_finances, stop)
        self.looks += 1

    async def _of_agreements(self, documents: Sequence[str], now: datetime) -> list[Alert]:
        async with self._database.session() as session:
            programmes = await copies_of(session, Copy, CountryProgramme, "country-programme")
        countries = {each.code: each.country for each in programmes}
        return await asyncio.to_thread(_of_agreements, documents, countries, self._thresholds, now)

    async def _of_finances(self, documents: Sequence[str], now: datetime) -> list[Alert]:
        async with self._database.session() as session:
            table = await rate_table(session, self._source)
        return await asyncio.to_thread(_of_finances, documents, table, self._thresholds, now)

    async def _walk(self, aggregate: Aggregate[C], found: Found, stop: asyncio.Event) -> None:
        """Look at the documents of a noun, page by page, and keep how far that came."""
        now = datetime.now(UTC)
        position = await self._position(aggregate)
        model, looked = aggregate.model, self._looked.setdefault(aggregate.noun, {})
        statement = select(model.id, model.version, model.updated_at)
        if position is not None and position.day == now.date():
            statement = statement.where(col(model.updated_at) >= position.seen - OVERLAP)
        else:
            looked.clear()
        async with aclosing(self._pages(statement, model)) as pages:
            async for page in pages:
                fresh = [row for row in page if looked.get(row[0], (0, now))[0] < row[1]]
                for place in range(0, len(fresh), PAGE):
                    chunk = fresh[place : place + PAGE]
                    await self._look_at(aggregate, [row[0] for row in chunk], found, now, stop)
                    looked.update({row[0]: (row[1], row[2]) for row in chunk if row[2] >= now - OVERLAP})
                    if stop.is_set():
                        return
        self._looked[aggregate.noun] = {k: v for k, v in looked.items() if v[1] >= now - OVERLAP}
        await self._keep(aggregate, Position(now, now.date()))

    async def _pages(
        self, statement: _Select, model: type[DocumentRow]
    ) -> AsyncGenerator[list[tuple[UUID, int, datetime]], None]:
        """Yield ids with the versions and times of what is selected, in order of id."""
        after: UUID | None = None
        while True:
            later = statement if after is None else statement.where(col(model.id) > after)
            async with self._database.session() as session:
                rows = await session.exec(later.order_by(col(model.id)).limit(IDS))
                page = [(row[0], row[1], row[2]) for row in rows]
            yield page
            if len(page) < IDS:
                return
            after = page[-1][0]

    async def _look_at(
        self,
        aggregate: Aggregate[C],
        ids: Sequence[UUID],
        found: Found,
        now: datetime,
        stop: asyncio.Event,
    ) -> None:
        """Look at some documents, then rest, so that requests go first."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        model = aggregate.model
        statement = select(model.identifier, model.document).where(is_one_of(model.id, ids))
        async with self._database.session() as session:
            rows = [(row[0], row[1]) for row in await session.exec(statement)]
        await self._settle(aggregate.noun, rows, found, now)
        await pause(stop, REST * (clock() - begun))

    async def _settle(self, noun: str, rows: Iterable[tuple[str, str]], found: Found, now: datetime) -> None:
        """Raise and resolve the alerts of a page of documents, in one transaction."""
        subjects = [identifier for identifier, _ in rows]
        alerts = await found([document for _, document in rows], now)
        async with self._database.session() as session, session.begin():
            held = await _held(session, noun, subjects)
            changed = settled(held, alerts, now)
            await put_many(session, ALERTS, changed, actor=Actor("system", f"watch:{uuid7()}"))

    async def _position(self, aggregate: Aggregate[C]) -> Position | None:
        async with self._database.session() as session:
            row = await session.get(AlertWatchRow, aggregate.noun)
        return Position(row.seen, row.day) if row else None

    async def _keep(self, aggregate: Aggregate[C], position: Position) -> None:
        async with self._database.session() as session, session.begin():
            await session.merge(AlertWatchRow(noun=aggregate.noun, seen=position.seen, day=position.day))


async def _held(session: AsyncSession, noun: str, subjects: Sequence[str]) -> dict[str, Alert]:
    """Return the alerts that were ever raised of the documents of a noun."""
    statement = select(AlertRow.document).where(col(AlertRow.subject).in_(subjects))
    alerts = [Alert.from_json(document) for document in await session.exec(statement)]
    return {alert.identifier: alert for alert in alerts if alert.subject.aggregate == noun}


def _of_agreements(
    documents: Iterable[str], countries: Mapping[str, str], thresholds: Thresholds, now: datetime
) -> list[Alert]:
    agreements = (Agreement.from_json(document) for document in documents)
    return [alert for each in agreements for alert in of_agreement(each, countries, thresholds, now)]


def _of_finances(
    documents: Iterable[str], table: RateTable, thresholds: Thresholds, now: datetime
) -> list[Alert]:
    years = [f'"period_start":"{year}' for year in (now.year - 1, now.year)]
    looked_at = (  # most activities are over, and are not read at all
        ActivityFinance.from_json(document)
        for document in documents
        if any(year in document for year in years)
    )
    return [alert for each in looked_at for alert in of_finance(each, table, thresholds, now)]
