"""The locks that are stored, and what they refuse of a framework that somebody writes."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring.locks.changes import faults_of_changes
from services.monitoring.locks.domain import LIFECYCLE, Found
from services.monitoring.models import FrameworkRow, PeriodLockRow
from shared.contracts.ids import activity_id
from shared.contracts.monitoring.v1 import PeriodLock, ResultsFramework


async def locks_of(session: AsyncSession, iati_identifier: str) -> list[PeriodLock]:
    """Return the locks in force on an activity, of its own and of all, in order of identifier."""
    rows = await rows_of_locks(session, iati_identifier)
    return [PeriodLock.from_json(row.document) for row in rows]


async def rows_of_locks(session: AsyncSession, iati_identifier: str) -> list[PeriodLockRow]:
    """Return the rows of the locks in force on an activity, in order of identifier."""
    statement = (
        select(PeriodLockRow)
        .where(
            col(PeriodLockRow.state) == LIFECYCLE.initial,
            or_(
                col(PeriodLockRow.iati_identifier).is_(None),
                col(PeriodLockRow.iati_identifier) == iati_identifier,
            ),
        )
        .order_by(col(PeriodLockRow.identifier))
    )
    return list(await session.exec(statement))


async def faults_of_locked_values(session: AsyncSession, framework: ResultsFramework) -> Iterable[Found]:
    """Return which values of locked periods a framework adds, changes or takes away; nobody has leave here."""
    locks = await locks_of(session, framework.iati_identifier)
    if not locks:
        return ()
    row = await session.get(FrameworkRow, activity_id(framework.iati_identifier))
    stored = ResultsFramework.from_json(row.document) if row else None
    return list(faults_of_changes(locks, stored, framework, at=datetime.now(UTC)))
