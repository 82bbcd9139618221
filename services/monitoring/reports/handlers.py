"""Use cases of progress reports: writing content, and taking a step.

Each locks the report first, then the framework where it changes it, so that what is decided is decided about what is
stored. A report is validated and its actuals reach the framework in one transaction, or neither happens.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring.aggregates import REPORTED_FRAMEWORKS
from services.monitoring.locks.held import locks_of
from services.monitoring.models import FrameworkRow, ReportRow
from services.monitoring.reports import domain
from services.monitoring.reports.aggregates import REPORTS
from shared.chassis.documents import Actor, Stored, change
from shared.chassis.documents.faults import Found, told
from shared.chassis.documents.refusals import refusals
from shared.chassis.errors import Invalid, NotFound
from shared.contracts.ids import activity_id, report_id
from shared.contracts.monitoring.v1 import Report, ResultsFramework


async def act(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    form: domain.ReportStep,
    expected_version: int | None,
) -> Stored:
    """Take a step with a report; to validate it puts its actuals into the framework of its activity.

    Raises:
        NotFound: there is no such report.
        IllegalTransition: its state does not allow the step.
        PreconditionFailed: the stored version is not ``expected_version``.
        Invalid: reasons are wanting, an author validates, something is lacking, or a period is locked.

    """
    report = await _require(session, identifier)
    now = datetime.now(UTC)
    with_reasons = actor.because(form.reasons)
    with _refusals():
        domain.LIFECYCLE.after(report.state, form.action)
        lacking = await _lacking(session, report, now) if form.action in domain.CHECKED else []
        stored = await change(
            session,
            REPORTS,
            identifier,
            lambda each: domain.acted(each, form, at=now, lacking=lacking),
            actor=with_reasons,
            expected_version=expected_version,
        )
        if form.action == "validate" and report.actuals:
            await _take_over(session, actor, report, form)
    return stored


async def _take_over(session: AsyncSession, actor: Actor, report: Report, form: domain.ReportStep) -> None:
    """Put the actuals of a report into the framework of its activity, as one change."""
    why = f"Report {report.identifier}, validated by {form.by}"
    await change(
        session,
        REPORTED_FRAMEWORKS,
        report.iati_identifier,
        lambda framework: domain.with_actuals(framework, report),
        actor=actor.because(form.reasons or why),
    )


async def _lacking(session: AsyncSession, report: Report, now: datetime) -> list[Found]:
    row = await session.get(FrameworkRow, activity_id(report.iati_identifier), with_for_update=True)
    framework = ResultsFramework.from_json(row.document) if row else None
    locks = await locks_of(session, report.iati_identifier)
    return domain.lacking(report, framework, locks, at=now)


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell what the rules refuse as problems, and apart what the report itself lacks."""
    with refusals():
        try:
            yield
        except domain.ContentRefused as error:
            raise Invalid("The report is not fit for that.", errors=told(error.faults)) from error


async def _locked(session: AsyncSession, identifier: str) -> Report | None:
    row = await session.get(ReportRow, report_id(identifier), with_for_update=True)
    return Report.from_json(row.document) if row else None


async def _require(session: AsyncSession, identifier: str) -> Report:
    report = await _locked(session, identifier)
    if report is None:
        raise NotFound(f"No report has the identifier {identifier!r}.")
    return report
