"""The aggregate of progress reports."""

from collections.abc import Iterable

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring.models import Copy, ReportRow
from services.monitoring.reports.domain import faults_of_report, report_columns
from shared.chassis.documents import Aggregate
from shared.contracts.catalog import REPORT
from shared.contracts.ids import report_id
from shared.contracts.monitoring.v1 import Report


async def _beside(session: AsyncSession, report: Report) -> Iterable[tuple[str, str, str]]:
    """Return whether there is another report of the activity on the period."""
    statement = select(ReportRow.identifier).where(
        col(ReportRow.iati_identifier) == report.iati_identifier,
        col(ReportRow.period_start) == report.period_start,
        col(ReportRow.period_end) == report.period_end,
        col(ReportRow.id) != report_id(report.identifier),
    )
    other = (await session.exec(statement)).first()
    if other is None:
        return ()
    return [("/period_start", "duplicate-report", f"The report {other!r} is of this activity and period.")]


REPORTS = Aggregate(
    noun="report",
    model=ReportRow,
    contract=Report,
    facts=REPORT,
    identifier=lambda report: report.identifier,
    id_of=report_id,
    columns=report_columns,
    faults=faults_of_report,
    faults_beside=_beside,
    projects=Copy,
)
