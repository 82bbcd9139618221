"""Use cases of progress reports: writing content, and taking a step.

Each locks the report first, then the framework where it changes it, so that what is decided is decided about what is
stored. A report is validated and its actuals reach the framework in one transaction, or neither happens.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring.aggregates import REPORTED_FRAMEWORKS
from services.monitoring.locks.held import locks_of, own_office
from services.monitoring.models import FrameworkRow
from services.monitoring.names import is_among
from services.monitoring.reports import domain
from services.monitoring.reports.aggregates import REPORTS
from shared.chassis.documents import Actor, Stored, change, locked, require_version
from shared.chassis.documents.faults import Found, told
from shared.chassis.documents.refusals import refusals
from shared.chassis.errors import Invalid
from shared.contracts.ids import activity_id
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
        Forbidden: the actor's roles or grants do not allow it, or a person names somebody else.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: reasons are wanting, an author validates, something is lacking, or a period is locked.

    """
    row = await locked(session, REPORTS, identifier, actor)
    actor = actor.taking(form.action)
    actor.require_own_name(form.by, "/by")
    await require_version(session, REPORTS, row, expected_version, actor)
    report, now = Report.from_json(row.document), datetime.now(UTC)
    with _refusals():
        domain.LIFECYCLE.after(report.state, form.action)
        lacking = await _lacking(session, report, form, actor, now) if form.action in domain.CHECKED else []
        stored = await change(
            session,
            REPORTS,
            identifier,
            lambda each: domain.acted(each, form, at=now, lacking=lacking, own_names=actor.own_names),
            actor=actor.because(form.reasons),
            expected_version=expected_version,
        )
        if form.action == "validate" and report.actuals:
            await _take_over(session, actor, report, form)
    return stored


async def _take_over(session: AsyncSession, actor: Actor, report: Report, form: domain.ReportStep) -> None:
    """Put the actuals of a report into the framework of its activity, as one change.

    To validate a report is to do so: the framework belongs where the report does, so the same grants hold.
    """
    why = f"Report {report.identifier}, validated by {form.by}"
    await change(
        session,
        REPORTED_FRAMEWORKS,
        report.iati_identifier,
        lambda framework: domain.with_actuals(framework, report),
        actor=actor.because(form.reasons or why),
    )


def _with_leave(report: Report, form: domain.ReportStep, actor: Actor, office: str | None) -> list[str]:
    """Return the names whose leave from a lock counts: who submits a report has no leave by naming others who have."""
    if form.action == "submit" and actor.own_names:
        wrote = [name for name in actor.own_names if is_among(name, report.written_by)]
    else:
        wrote = list(report.written_by)
    return [*wrote, *([office] if office else [])]


async def _lacking(
    session: AsyncSession, report: Report, form: domain.ReportStep, actor: Actor, now: datetime
) -> list[Found]:
    row = await session.get(FrameworkRow, activity_id(report.iati_identifier), with_for_update=True)
    framework = ResultsFramework.from_json(row.document) if row else None
    locks = await locks_of(session, report.iati_identifier)
    office = await own_office(session, actor, report.iati_identifier, report.office)
    who = _with_leave(report, form, actor, office)
    return domain.lacking(report, framework, locks, who=who, at=now)


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell what the rules refuse as problems, and apart what the report itself lacks."""
    with refusals():
        try:
            yield
        except domain.ContentRefused as error:
            raise Invalid("The report is not fit for that.", errors=told(error.faults)) from error
