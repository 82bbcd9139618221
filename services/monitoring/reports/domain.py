"""Rules of progress reports: the states they go through, who may write and validate, and what reaches the framework.

Only what is validated counts: until then the actuals of a report stand in the report alone. Source: DHIS2 and Akvo RSR
(updates count when they are approved, and one that is returned says why).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from services.monitoring.domain import ActualReport, ReportRefused, addressed, report_actual
from services.monitoring.faults import faults_of_documents
from services.monitoring.locks.domain import refusals, told_of
from services.monitoring.names import is_among
from shared.contracts.base import Contract
from shared.contracts.ids import Identifier
from shared.contracts.monitoring.v1 import (
    Period,
    PeriodLock,
    Report,
    ReportAction,
    ReportedActual,
    ResultsFramework,
)
from shared.contracts.projects.v1.proposals import Sentence
from shared.contracts.workflow import ContentLocked, StepRefused, TakenStep
from shared.figures.lifecycle import Lifecycle, Step

Found: TypeAlias = tuple[str, str, str]

LIFECYCLE = Lifecycle(
    initial="draft",
    steps=(
        Step("submit", ("draft", "returned"), "submitted"),
        Step("return", ("submitted",), "returned"),
        Step("validate", ("submitted",), "validated"),
        Step("publish", ("validated",), "published"),
    ),
)
WRITABLE = ("draft", "returned")
"""States in which the authors may change the content; a report in them is still to be submitted."""
CHECKED = ("submit", "validate")
"""Steps that need a whole report that fits the framework as it stands."""
WITH_REASONS = ("return",)
OWNED = ("state", "history")
"""Members that follow from what was done, whatever a caller makes of them."""


class ReportStep(Contract):
    """A step that somebody takes."""

    action: ReportAction
    by: Identifier
    reasons: Sentence | None = None


class ContentRefused(StepRefused):
    """A step that the report is not fit for; its faults point at members of the report."""


def report_columns(report: Report) -> dict[str, Any]:
    """Return the columns of a report that a list may filter by."""
    return {
        "iati_identifier": report.iati_identifier,
        "office": report.office,
        "state": report.state,
        "due_on": report.due_on,
        "period_start": report.period_start,
        "period_end": report.period_end,
    }


def faults_of_report(report: Report) -> Iterator[Found]:
    """Yield what is wrong with a report by itself, a draft too."""
    if report.period_end < report.period_start:
        yield "/period_end", "period-ends-before-start", "A period ends on the day that it starts or later."
    seen = set()
    for place, each in enumerate(report.actuals):
        slice_ = _slice(each)
        if slice_ in seen:
            detail = "The report has an actual of these dimensions and locations for this period already."
            yield f"/actuals/{place}", "duplicate-actual", detail
        seen.add(slice_)
        yield from faults_of_documents(each.actual.documents, f"/actuals/{place}/actual/documents")
    yield from faults_of_documents(report.documents, "/documents")


def begun(content: Report) -> Report:
    """Return a new report: a draft, whatever its author calls it."""
    fresh = {name: Report.model_fields[name].default for name in OWNED}
    return content.model_copy(update={**fresh, "written_by": tuple(dict.fromkeys(content.written_by))})


def revised(report: Report, content: Report) -> Report:
    """Return the report with other content, and with everything that is not its authors' as it stands.

    Who wrote it once stays one who wrote it: taking one's name out does not make one impartial.

    Raises:
        ContentLocked: it would change, and may not in its state.

    """
    kept: dict[str, Any] = {name: getattr(report, name) for name in OWNED}
    kept["written_by"] = tuple(dict.fromkeys((*report.written_by, *content.written_by)))
    after = content.model_copy(update=kept)
    if after != report and report.state not in WRITABLE:
        raise ContentLocked
    return after


def signed(report: Report, own_names: Sequence[str]) -> Report:
    """Return a report with a person who wrote of it among those who did; ``own_names`` is what they are called."""
    if not own_names or any(is_among(name, report.written_by) for name in own_names):
        return report
    return report.model_copy(update={"written_by": (*report.written_by, own_names[0])})


def acted(
    report: Report,
    form: ReportStep,
    *,
    at: datetime,
    lacking: Sequence[Found] = (),
    own_names: Sequence[str] = (),
) -> Report:
    """Return the report after a step.

    Args:
        report: as it stands.
        form: the step, who takes it and why.
        at: when.
        lacking: what keeps it from being submitted or validated, from ``lacking``; other steps need nothing.
        own_names: what else the person is called who takes the step.

    Raises:
        IllegalStep: the state does not allow it.
        StepRefused: reasons are wanting, or the one who validates wrote the report.
        ContentRefused: something is lacking.

    """
    state = LIFECYCLE.after(report.state, form.action)
    if faults := list(_faults_of_step(report, form, own_names)):
        raise StepRefused(faults)
    if form.action in CHECKED and lacking:
        raise ContentRefused(lacking)
    at = max(at, report.history[-1].at) if report.history else at
    step = TakenStep(
        action=form.action,
        from_state=report.state,
        to_state=state,
        at=at,
        by=form.by,
        reasons=form.reasons,
    )
    return report.model_copy(update={"state": state, "history": (*report.history, step)})


def lacking(
    report: Report,
    framework: ResultsFramework | None,
    locks: Sequence[PeriodLock],
    *,
    who: Sequence[str] = (),
    at: datetime,
) -> list[Found]:
    """Return what keeps a report from being submitted and validated, as (pointer, code, detail).

    Args:
        report: as it stands.
        framework: of its activity, None where monitoring knows none.
        locks: those of its activity and of all.
        who: those who wrote it and the office that reports, as far as leave from a lock of theirs counts.
        at: the moment, by which exceptions from locks may be over.

    """
    return [
        *_missing(report),
        *_unfit(report, framework),
        *_locked(report, framework, locks, who, at),
    ]


def with_actuals(framework: ResultsFramework, report: Report) -> ResultsFramework:
    """Return the framework with all actuals of a report.

    Raises:
        ReportRefused: one of them does not fit it.

    """
    for each in report.actuals:
        framework = report_actual(framework, _address(each))
    return framework


def _missing(report: Report) -> Iterator[Found]:
    if not any(narrative.text.strip() for narrative in report.narratives):
        yield "/narratives", "narrative-missing", "A report tells in words what was done."
    if report.rating is None:
        yield "/rating", "rating-missing", "A report is rated green, amber or red."
    if not report.written_by:
        yield "/written_by", "authors-missing", "A report tells who wrote it, so that others validate it."


def _unfit(report: Report, framework: ResultsFramework | None) -> Iterator[Found]:
    if framework is None:
        if report.actuals:
            detail = "Monitoring knows no results framework of the activity."
            yield "/iati_identifier", "framework-missing", detail
        return
    for place, each in enumerate(report.actuals):
        try:
            report_actual(framework, _address(each))
        except ReportRefused as refused:
            yield from ((f"/actuals/{place}{pointer}", code, why) for pointer, code, why in refused.faults)
            continue
        period = _period(framework, each)
        if period.start > report.period_end or period.end < report.period_start:
            detail = f"No day of {period.start} to {period.end} is in the period of the report."
            yield f"/actuals/{place}/period", "actual-outside-period", detail


def _locked(
    report: Report,
    framework: ResultsFramework | None,
    locks: Sequence[PeriodLock],
    who: Sequence[str],
    at: datetime,
) -> Iterator[Found]:
    """Yield each actual whose period is locked; a report without actuals is held by a lock on its own period."""
    spans = [("/period_start", report.period_start, report.period_end)]
    if report.actuals:
        spans = []
        for place, each in enumerate(report.actuals):
            period = _period_or_none(framework, each)
            if period:
                spans.append((f"/actuals/{place}", period.start, period.end))
    for pointer, start, end in spans:
        refusing = refusals(locks, report.iati_identifier, start, end, who=who, at=at)
        if refusing:
            yield f"{pointer}", "period-locked", told_of(refusing[0])


def _faults_of_step(report: Report, form: ReportStep, own_names: Sequence[str]) -> Iterator[Found]:
    if form.action in WITH_REASONS and form.reasons is None:
        yield "/reasons", "reasons-missing", f"To {form.action} takes reasons."
    reporters = [*report.written_by, *([report.office] if report.office else [])]
    if form.action == "validate" and any(is_among(name, reporters) for name in (form.by, *own_names)):
        yield "/by", "conflict-of-interest", f"{form.by!r} wrote the report."


def _address(each: ReportedActual) -> ActualReport:
    return ActualReport(result=each.result, indicator=each.indicator, period=each.period, actual=each.actual)


def _period(framework: ResultsFramework, each: ReportedActual) -> Period:
    return addressed(framework, _address(each))[2]


def _period_or_none(framework: ResultsFramework | None, each: ReportedActual) -> Period | None:
    if framework is None:
        return None
    try:
        return _period(framework, each)
    except ReportRefused:
        return None


def _slice(each: ReportedActual) -> tuple[object, ...]:
    return each.result, each.indicator, each.period, each.actual.dimensions, each.actual.locations
