"""What of reports and evaluations needs somebody's attention on a day, and the alerts that tell of it.

A draft or returned report is overdue after its day. A planned evaluation is due some days before its day, and stays so.
A follow-up is overdue after its day while it is open or in progress. Words change only with what they are about.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from services.monitoring.learning.domain import TO_FOLLOW_UP, follow_ups, is_finished
from services.monitoring.reports.domain import WRITABLE
from shared.contracts.alerts import Alert, AlertKind, AlertSubject
from shared.contracts.ids import MAX_IDENTIFIER, alert_id
from shared.contracts.monitoring.v1 import Evaluation, Report


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that needs attention: what, by when, of which activity, and the office that is to see to it."""

    kind: AlertKind
    subject: AlertSubject
    due_on: date
    activity: str
    text: str
    office: str | None = None

    @property
    def identifier(self) -> str:
        """The name of its alert: ``<kind>/<subject>/<part>``, or ``<kind>/<id>`` where that is too long.

        The part is percent-encoded: it may hold what no identifier does, and has no slash, so that no two matters
        have one name.
        """
        part = f"/{quote(self.subject.part, safe=' ')}" if self.subject.part is not None else ""
        identifier = f"{self.kind}/{self.subject.identifier}{part}"
        return identifier if len(identifier) <= MAX_IDENTIFIER else f"{self.kind}/{alert_id(identifier)}"


@dataclass(frozen=True, slots=True)
class Places:
    """What is known of where activities take place, and which offices serve the countries."""

    countries: Mapping[str, Collection[str]] = field(default_factory=dict)
    offices: Mapping[str, Collection[str]] = field(default_factory=dict)


def matters_of_report(report: Report, today: date) -> Iterator[Matter]:
    """Yield what needs attention of a report."""
    if report.state in WRITABLE and report.due_on < today:
        yield Matter(
            kind="report-overdue",
            subject=AlertSubject(aggregate="report", identifier=report.identifier),
            due_on=report.due_on,
            activity=report.iati_identifier,
            text=(
                f"The report of {report.iati_identifier} on {report.period_start} to {report.period_end}"
                f" was due on {report.due_on}."
            ),
            office=report.office,
        )


def matters_of_evaluation(evaluation: Evaluation, today: date, notice_days: int) -> Iterator[Matter]:
    """Yield what needs attention of an evaluation and its follow-ups."""
    is_near = evaluation.due_on - timedelta(days=min(notice_days, evaluation.due_on.toordinal() - 1)) <= today
    if evaluation.state == "planned" and is_near:
        yield Matter(
            kind="evaluation-due",
            subject=AlertSubject(aggregate="evaluation", identifier=evaluation.identifier),
            due_on=evaluation.due_on,
            activity=evaluation.iati_identifier,
            text=(
                f"The {evaluation.kind} {evaluation.timing} evaluation of {evaluation.iati_identifier}"
                f" is due on {evaluation.due_on}."
            ),
        )
    if evaluation.state != TO_FOLLOW_UP:
        return
    for _, each in follow_ups(evaluation):
        if each.due_on < today and not is_finished(each):
            yield Matter(
                kind="follow-up-overdue",
                subject=AlertSubject(
                    aggregate="evaluation", identifier=evaluation.identifier, part=each.code
                ),
                due_on=each.due_on,
                activity=evaluation.iati_identifier,
                text=f"The follow-up {each.code} by {each.responsible} was due on {each.due_on}.",
            )


def raised(matter: Matter, places: Places, stored: Alert | None, at: datetime) -> Alert:
    """Return the alert of a matter; one that is raised stays raised since when it was."""
    countries = sorted(places.countries.get(matter.activity, ()))
    offices = (
        [matter.office]
        if matter.office is not None
        else sorted({office for country in countries for office in places.offices.get(country, ())})
    )
    is_raised = stored is not None and stored.state == "raised"
    return Alert(
        identifier=matter.identifier,
        kind=matter.kind,
        subject=matter.subject,
        due_on=matter.due_on,
        raised_at=stored.raised_at if stored is not None and is_raised else at,
        countries=tuple(countries),
        offices=tuple(offices),
        activities=(matter.activity,),
        text=matter.text,
    )


def resolved(alert: Alert, at: datetime) -> Alert:
    """Return an alert of what needs no attention any more."""
    return alert.model_copy(update={"state": "resolved", "resolved_at": max(at, alert.raised_at)})


def over(alerts: Sequence[Alert], matters: Collection[str]) -> list[Alert]:
    """Return the raised alerts whose matter is none any more; ``matters`` names those that still are."""
    return [alert for alert in alerts if alert.state == "raised" and alert.identifier not in matters]


def alert_columns(alert: Alert) -> dict[str, Any]:
    """Return the columns of an alert that a list may filter by."""
    return {"kind": alert.kind, "state": alert.state}
