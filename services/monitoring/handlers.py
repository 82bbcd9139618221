"""Use cases of the monitoring service beyond storing a document."""

from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring import domain
from services.monitoring.aggregates import FRAMEWORKS
from services.monitoring.domain import ActualReport, ReportRefused
from shared.chassis.documents import Actor, Stored, change
from shared.chassis.documents.faults import told
from shared.chassis.errors import Invalid
from shared.contracts.monitoring.v1 import ResultsFramework


async def report_actual(
    session: AsyncSession, actor: Actor, identifier: str, report: ActualReport, expected_version: int | None
) -> Stored:
    """Report an actual for one period of an activity's framework.

    Raises:
        NotFound: monitoring knows no framework of that activity.
        Invalid: the report does not fit the framework.

    """

    def apply(framework: ResultsFramework) -> ResultsFramework:
        try:
            return domain.report_actual(framework, report)
        except ReportRefused as refused:
            raise Invalid("The actual can not be reported.", errors=told(refused.faults)) from refused

    return await change(
        session, FRAMEWORKS, identifier, apply, actor=actor, expected_version=expected_version
    )
