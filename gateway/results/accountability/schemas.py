"""What several pages about accountability tell: documents in brief, alerts, and deliveries.

Amounts are decimal numbers as strings; null is unknown, zero is zero. A list that is cut tells how many there are.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Generic, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, Field

from gateway.money import DeliveryRate, Exact, MissingMoney
from shared.contracts.alerts import Alert
from shared.contracts.monitoring.v1 import Evaluation, PeriodLock, Report, Training
from shared.contracts.workflow import TakenStep
from shared.figures.classifications import title_of

T = TypeVar("T", bound=BaseModel)

MOST = 200
"""Entries of a list within a page."""


class ShortList(BaseModel, Generic[T]):
    """The first entries of a list, and how many there are in all."""

    count: int
    items: list[T]

    @classmethod
    def of(cls, items: Iterable[T]) -> Self:
        """Return a list, cut where it is too long."""
        listed = list(items)
        return cls(count=len(listed), items=listed[:MOST])


class AlertAbout(BaseModel):
    """What an alert is about: the noun of a document, its identifier, and the part of it where there is one."""

    aggregate: str
    identifier: str
    part: str | None


class MeasuredAmount(BaseModel):
    """An amount of the figure that raised an alert."""

    amount: Exact
    currency: str | None


class AlertFigure(BaseModel):
    """The figure that raised an alert beside the threshold that it did not reach; 1 is the whole."""

    numerator: MeasuredAmount
    denominator: MeasuredAmount
    threshold: Exact


class AlertTold(BaseModel):
    """An alert as its owner told it."""

    identifier: str
    kind: str
    state: str
    subject: AlertAbout
    due_on: date | None
    raised_at: AwareDatetime
    resolved_at: AwareDatetime | None
    countries: tuple[str, ...]
    partners: tuple[str, ...]
    offices: tuple[str, ...]
    activities: tuple[str, ...]
    measure: AlertFigure | None
    text: str

    @classmethod
    def of(cls, alert: Alert) -> Self:
        """Return what is told of an alert."""
        return cls.model_validate(alert, from_attributes=True)


class ProjectTold(BaseModel):
    """A project in brief; the title is English or the first."""

    iati_identifier: str
    title: str | None
    status: str | None = Field(description="ActivityStatus; null where its owner has not told of it")


class IndicatorStand(BaseModel):
    """How the indicators of some projects stand."""

    projects: int = Field(description="Projects with a results framework")
    indicators: int
    reported: int
    with_progress: int
    on_track: int


class ReportTold(BaseModel):
    """A progress report in brief; ``reasons`` are those of the last return."""

    identifier: str
    iati_identifier: str
    office: str | None
    period_start: date
    period_end: date
    due_on: date
    state: str
    rating: str | None
    overdue_days: int | None = Field(description="Since it was due; null where it is not overdue")
    reasons: str | None

    @classmethod
    def of(cls, report: Report, today: date) -> Self:
        """Return what is told of a report as of a day."""
        is_owed = report.state in OWED
        return cls(
            identifier=report.identifier,
            iati_identifier=report.iati_identifier,
            office=report.office,
            period_start=report.period_start,
            period_end=report.period_end,
            due_on=report.due_on,
            state=report.state,
            rating=report.rating,
            overdue_days=overdue(report.due_on, today) if is_owed else None,
            reasons=reasons_of(report.history, "return") if report.state == "returned" else None,
        )


OWED = ("draft", "returned")
"""States of a report that its office still has to submit."""


class EvaluationTold(BaseModel):
    """An evaluation in brief."""

    identifier: str
    iati_identifier: str
    kind: str
    timing: str
    due_on: date
    state: str
    overdue_days: int | None
    recommendations: int

    @classmethod
    def of(cls, evaluation: Evaluation, today: date) -> Self:
        """Return what is told of an evaluation as of a day."""
        is_open = evaluation.state in UNFINISHED
        return cls(
            identifier=evaluation.identifier,
            iati_identifier=evaluation.iati_identifier,
            kind=evaluation.kind,
            timing=evaluation.timing,
            due_on=evaluation.due_on,
            state=evaluation.state,
            overdue_days=overdue(evaluation.due_on, today) if is_open else None,
            recommendations=len(evaluation.recommendations),
        )


UNFINISHED = ("planned", "under-way")
"""States of an evaluation that is still to be completed."""


class FollowUpTold(BaseModel):
    """What is to be done about a recommendation of an evaluation."""

    evaluation: str
    iati_identifier: str
    recommendation: str
    code: str
    title: str | None
    responsible: str
    due_on: date
    state: str
    overdue_days: int | None


class LockTold(BaseModel):
    """A lock of periods that is in force; without activity it is of all."""

    identifier: str
    iati_identifier: str | None
    period_start: date
    period_end: date
    reason: str
    locked_by: str
    exceptions: int = Field(description="Exceptions that have not run out")

    @classmethod
    def of(cls, lock: PeriodLock, moment: AwareDatetime) -> Self:
        """Return what is told of a lock as of a moment."""
        return cls(
            identifier=lock.identifier,
            iati_identifier=lock.iati_identifier,
            period_start=lock.period_start,
            period_end=lock.period_end,
            reason=lock.reason,
            locked_by=lock.locked_by,
            exceptions=sum(each.until > moment for each in lock.exceptions),
        )


class TrainingTold(BaseModel):
    """A training event in brief; null participants are not told."""

    identifier: str
    title: str | None
    start: date
    end: date
    country: str | None
    participants: int | None
    women: int | None

    @classmethod
    def of(cls, training: Training) -> Self:
        """Return what is told of a training event."""
        groups = training.participants
        return cls(
            identifier=training.identifier,
            title=title_of(training.titles),
            start=training.start,
            end=training.end,
            country=training.country,
            participants=sum(each.count for each in groups) if groups else None,
            women=sum(each.count for each in groups if each.sex == "female") if groups else None,
        )


class DeliveryRow(BaseModel):
    """Budget and spend of one thing in one year and currency, and the delivery that the day makes one expect.

    The threshold is expected by the share of the days from ``period_start`` to ``period_end`` that is over, and nothing
    before a set share of them is. ``below`` is whether the ratio is below it; null where one of them cannot be told.
    """

    code: str | None = Field(description="Project, country, donor, outcome, office or year; null: not stated")
    label: str | None
    year: int
    currency: str | None
    budget: Exact | None
    spend: Exact | None
    delivery_rate: DeliveryRate
    period_start: date
    period_end: date
    expected: Exact | None
    below: bool | None
    missing: list[MissingMoney]


def overdue(due_on: date, today: date) -> int | None:
    """Return the days since something was due, None where it is not overdue."""
    return (today - due_on).days if due_on < today else None


def reasons_of(history: Sequence[TakenStep], action: str) -> str | None:
    """Return the reasons of the last step of a kind."""
    return next((step.reasons for step in reversed(history) if step.action == action), None)
