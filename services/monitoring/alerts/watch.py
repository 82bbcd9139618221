"""The worker that raises and resolves the alerts of reports and evaluations.

One process at a time watches, by advisory lock. It looks at what is due, and at the alerts that are raised, page by
page, and writes an alert only where it changes.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring.alerts.aggregates import ALERTS
from services.monitoring.alerts.domain import (
    Matter,
    Places,
    matters_of_evaluation,
    matters_of_report,
    over,
    raised,
    resolved,
)
from services.monitoring.copies import ACTIVITY, FIELD_OFFICE, KnownActivity
from services.monitoring.learning.domain import TO_FOLLOW_UP
from services.monitoring.models import AlertRow, Copy, EvaluationRow, ReportRow
from services.monitoring.reports.domain import WRITABLE
from services.monitoring.settings import Settings
from shared.chassis.app import Runtime
from shared.chassis.copies import copies_of
from shared.chassis.db import Database, is_one_of
from shared.chassis.documents import Actor, DocumentRow, put_many
from shared.chassis.leadership import lead
from shared.chassis.workers import Worker, pause
from shared.contracts.alerts import Alert
from shared.contracts.ids import activity_id, alert_id, evaluation_id, report_id
from shared.contracts.monitoring.v1 import Evaluation, Report
from shared.contracts.projects.v1 import FieldOffice

WATCH_LOCK = 0x0DE1
PAGE = 200
CHECK_SECONDS = 1.0

_FIRST = UUID(int=0)
_COUNTRY = re.compile(r"[A-Z]{2}")
R = TypeVar("R", bound=DocumentRow)


def workers(runtime: Runtime) -> list[Worker]:
    """Return the workers of alerts."""
    settings = runtime.settings_as(Settings)
    watch = Watch(
        runtime.database, seconds=settings.alert_seconds, notice_days=settings.evaluation_notice_days
    )
    return [watch]


class Watch:
    """Raises and resolves alerts while this process is the leader."""

    name = "alert-watch"

    def __init__(self, database: Database, *, seconds: float, notice_days: int) -> None:
        self._database, self._seconds, self._notice_days = database, seconds, notice_days

    async def run(self, stop: asyncio.Event) -> None:
        """Watch while this process is the leader, and wait to become it otherwise."""
        await lead(self._database, WATCH_LOCK, stop, self._lead)

    async def _lead(self, lock: asyncpg.Connection, stop: asyncio.Event) -> None:
        """Lead for as long as the connection that holds the lock is alive."""
        clock = asyncio.get_running_loop().time
        due = clock()
        while not stop.is_set():
            await lock.execute("SELECT 1")
            if clock() >= due:
                await self._look(stop)
                due = clock() + self._seconds
            await pause(stop, min(CHECK_SECONDS, self._seconds))

    async def _look(self, stop: asyncio.Event) -> None:
        """Look once at everything that may need attention, and at everything that did."""
        now = datetime.now(UTC)
        look = Look(self._database, now, self._notice_days, await self._offices())
        for part in (look.overdue_reports(), look.due_evaluations(), look.raised_alerts()):
            async for _ in part:
                if stop.is_set():
                    return

    async def _offices(self) -> dict[str, list[str]]:
        """Return the country offices that are known to serve each country."""
        async with self._database.session() as session:
            offices = await copies_of(session, Copy, FieldOffice, FIELD_OFFICE.aggregate)
        serving: dict[str, list[str]] = defaultdict(list)
        for office in offices:
            if office.kind == "country-office":
                for country in office.countries:
                    serving[country].append(office.code)
        return serving


@dataclass(frozen=True, slots=True)
class Look:
    """One look; each part yields after each page that it has written."""

    database: Database
    now: datetime
    notice_days: int
    offices: dict[str, list[str]]

    @property
    def today(self) -> date:
        """The day in UTC."""
        return self.now.date()

    async def overdue_reports(self) -> AsyncIterator[None]:
        """Raise alerts of reports that were not submitted in time."""
        row = ReportRow
        condition = and_(col(row.state).in_(WRITABLE), col(row.due_on) < self.today)
        async for documents in self._pages(row, condition):
            await self._raise(self._of_reports(documents))
            yield

    async def due_evaluations(self) -> AsyncIterator[None]:
        """Raise alerts of evaluations that are due, and of follow-ups that are overdue."""
        row = EvaluationRow
        last = self.today + timedelta(days=self.notice_days)
        condition = or_(
            and_(col(row.state) == "planned", col(row.due_on) <= last), col(row.state) == TO_FOLLOW_UP
        )
        async for documents in self._pages(row, condition):
            await self._raise(self._of_evaluations(documents))
            yield

    async def raised_alerts(self) -> AsyncIterator[None]:
        """Resolve the alerts of what needs no attention any more."""
        async for documents in self._pages(AlertRow, col(AlertRow.state) == "raised"):
            alerts = [Alert.from_json(document) for document in documents]
            async with self.database.session() as session, session.begin():
                matters = {matter.identifier for matter in await self._of_subjects(session, alerts)}
                await _write(session, [resolved(alert, self.now) for alert in over(alerts, matters)])
            yield

    async def _pages(self, model: type[R], condition: ColumnElement[bool]) -> AsyncIterator[Sequence[str]]:
        """Yield the documents that meet a condition, in order of id."""
        after: UUID | None = _FIRST
        while after is not None:
            statement = (
                select(model.id, model.document)
                .where(condition, col(model.id) > after)
                .order_by(col(model.id))
                .limit(PAGE)
            )
            async with self.database.session() as session:
                rows = (await session.exec(statement)).all()
            yield [document for _, document in rows]
            after = rows[-1][0] if len(rows) == PAGE else None

    def _of_reports(self, documents: Iterable[str]) -> list[Matter]:
        return [
            matter
            for document in documents
            for matter in matters_of_report(Report.from_json(document), self.today)
        ]

    def _of_evaluations(self, documents: Iterable[str]) -> list[Matter]:
        return [
            matter
            for document in documents
            for matter in matters_of_evaluation(Evaluation.from_json(document), self.today, self.notice_days)
        ]

    async def _of_subjects(self, session: AsyncSession, alerts: Iterable[Alert]) -> list[Matter]:
        """Return what needs attention of the subjects of alerts."""
        subjects = [alert.subject for alert in alerts]
        reports = {report_id(each.identifier) for each in subjects if each.aggregate == "report"}
        evaluations = {evaluation_id(each.identifier) for each in subjects if each.aggregate == "evaluation"}
        return [
            *self._of_reports(await _documents(session, ReportRow, reports)),
            *self._of_evaluations(await _documents(session, EvaluationRow, evaluations)),
        ]

    async def _raise(self, matters: Sequence[Matter]) -> None:
        if not matters:
            return
        async with self.database.session() as session, session.begin():
            ids = {alert_id(matter.identifier) for matter in matters}
            known = [Alert.from_json(each) for each in await _documents(session, AlertRow, ids)]
            stored = {alert.identifier: alert for alert in known}
            places = Places(await _countries(session, {matter.activity for matter in matters}), self.offices)
            alerts = [raised(each, places, stored.get(each.identifier), self.now) for each in matters]
            await _write(session, [each for each in alerts if each != stored.get(each.identifier)])


async def _write(session: AsyncSession, alerts: Sequence[Alert]) -> None:
    if alerts:
        await put_many(session, ALERTS, alerts, actor=Actor(Watch.name, str(uuid4())))


async def _documents(session: AsyncSession, model: type[R], ids: Iterable[UUID]) -> Sequence[str]:
    return (await session.exec(select(model.document).where(is_one_of(model.id, ids)))).all()


async def _countries(session: AsyncSession, activities: Iterable[str]) -> dict[str, set[str]]:
    """Return the countries of activities, as far as they are known."""
    ids = {activity_id(each) for each in activities}
    found = await copies_of(session, Copy, KnownActivity, ACTIVITY.aggregate, ids)
    return {
        each.iati_identifier: {
            share.code for share in each.recipient_countries if _COUNTRY.fullmatch(share.code)
        }
        for each in found
    }
