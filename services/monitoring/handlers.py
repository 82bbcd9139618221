"""Use cases of the monitoring service beyond storing a document."""

from datetime import UTC, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring.aggregates import REPORTED_FRAMEWORKS
from services.monitoring.domain import ActualReport, ReportRefused
from services.monitoring.locks.changes import report_within
from services.monitoring.locks.held import locks_of, own_office
from shared.chassis.documents import Actor, Stored, change, locked, require_version
from shared.chassis.documents.faults import told
from shared.chassis.errors import Invalid


async def report_actual(
    session: AsyncSession, actor: Actor, identifier: str, report: ActualReport, expected_version: int | None
) -> Stored:
    """Report an actual for one period of an activity's framework.

    The framework is locked before locks of periods are read: one that was set while this waited holds. An office has
    leave only for those who may speak for it.

    Raises:
        NotFound: monitoring knows no framework of that activity.
        Forbidden: the actor's grants do not hold for it, or a person names somebody else.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: the report does not fit the framework, or the period is locked for who reports.

    """
    row = await locked(session, REPORTED_FRAMEWORKS, identifier, actor)
    if report.by is not None:
        actor.require_own_name(report.by, "/by")
    await require_version(session, REPORTED_FRAMEWORKS, row, expected_version, actor)
    office = await own_office(session, actor, identifier, report.office)
    report = report.model_copy(update={"office": office})
    locks, now = await locks_of(session, identifier), datetime.now(UTC)
    try:
        return await change(
            session,
            REPORTED_FRAMEWORKS,
            identifier,
            lambda framework: report_within(locks, framework, report, at=now),
            actor=actor,
            expected_version=expected_version,
        )
    except ReportRefused as refused:
        raise Invalid("The actual can not be reported.", errors=told(refused.faults)) from refused
