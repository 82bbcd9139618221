"""How the progress of an indicator came about: every value it has, which of them count, and why the others do not.

Source: IATI guidance: results; the rules of ``framework``. The evidence recomputes to the figure that it explains, from
nothing but itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from shared.contracts.monitoring.v1 import Indicator, Measurement, Period
from shared.figures.exact import EXACT
from shared.figures.framework import IndicatorFigures
from shared.figures.over_time import Mode, is_summed
from shared.figures.percentages import Scale, percentage, pool
from shared.figures.progress import (
    DEFAULT_BAND,
    PERCENTAGE,
    UNIT,
    Band,
    Progress,
    expected_progress,
    indicator_progress,
)
from shared.figures.totals import is_total, number_of, scale_of

Role = Literal["baseline", "target", "actual"]
Reason = Literal[
    "comment-only",
    "blank",
    "unreadable",
    "disaggregated",
    "ambiguous",
    "period-in-future",
    "not-the-latest-period",
    "not-added-up",
]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One baseline, target or actual; ``reason`` is why it does not count, None where it does."""

    role: Role
    pointer: str
    raw: str | None
    number: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    start: date | None
    end: date | None
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class IndicatorEvidence:
    """Everything that an indicator's progress was made of.

    ``first_day`` to ``due_on`` is the way that is expected to be gone, and ``at`` the day up to which.
    """

    pointer: str
    measure: str
    ascending: bool
    over_time: Mode | None
    scale: Scale | None
    first_day: date | None
    due_on: date | None
    at: date | None
    values: tuple[Evidence, ...]


def evidence_of(
    indicator: Indicator, figures: IndicatorFigures, pointer: str, *, on: date
) -> IndicatorEvidence:
    """Return what the figures of an indicator were made of (IATI guidance: results).

    Args:
        indicator: as published.
        figures: what ``framework_figures`` made of it.
        pointer: to the indicator in its framework.
        on: the day that the figures are told of.

    """
    due, reached = figures.target_period, figures.actual_period
    return IndicatorEvidence(
        pointer,
        indicator.measure,
        indicator.ascending,
        indicator.over_time,
        scale_of(indicator) if indicator.measure == PERCENTAGE else None,
        min((period.start for period in indicator.periods), default=None),
        due[1] if due else None,
        min(on, reached[1]) if reached else None,
        tuple(_values(indicator, figures, pointer, on)),
    )


def recomputed_progress(evidence: IndicatorEvidence, *, band: Band = DEFAULT_BAND) -> Progress:
    """Return the progress that evidence tells; its flags are left to the figures."""
    baseline, target, actual = (_number(evidence, role) for role in ("baseline", "target", "actual"))
    expected = None
    if evidence.first_day and evidence.due_on and evidence.at:
        expected = expected_progress(evidence.first_day, evidence.due_on, evidence.at)
    puzzling = any(
        value.reason in ("unreadable", "ambiguous")
        or (value.reason == "disaggregated" and value.number is not None)
        for value in evidence.values
        if value.role == "baseline"
    )
    return indicator_progress(
        baseline,
        target,
        actual,
        ascending=evidence.ascending,
        measure=evidence.measure,
        expected=expected,
        band=band,
        baseline_may_be_zero=not puzzling,
    )


def _number(evidence: IndicatorEvidence, role: Literal["baseline", "target", "actual"]) -> Decimal | None:
    counted = {
        (value.start, value.end, value.number): value
        for value in evidence.values
        if value.role == role and value.reason is None
    }
    if not counted:
        return None
    if role == "baseline" or not _sums(evidence.over_time, role, evidence.measure):
        return next(iter(counted.values())).number
    if evidence.scale is not None:
        pooled = pool((value.numerator, value.denominator) for value in counted.values())
        return percentage(pooled.numerator, pooled.denominator, scale=evidence.scale)
    total = Decimal(0)
    for value in counted.values():
        total = EXACT.add(total, value.number or Decimal(0))
    return total


def _sums(mode: Mode | None, role: Literal["target", "actual"], measure: str) -> bool:
    return is_summed(mode, role) and measure in (UNIT, PERCENTAGE)


def _values(indicator: Indicator, figures: IndicatorFigures, pointer: str, on: date) -> Iterator[Evidence]:
    scale = scale_of(indicator) if indicator.measure == PERCENTAGE else None
    doubt = _doubt(indicator.baselines, scale)
    for place, baseline in enumerate(indicator.baselines):
        reason = _unusable(baseline, scale) or doubt
        yield _evidence("baseline", f"{pointer}/baselines/{place}", baseline, None, scale, reason)
    for number, period in enumerate(indicator.periods):
        roles: tuple[tuple[Literal["target", "actual"], tuple[Measurement, ...]], ...]
        roles = (("target", period.targets), ("actual", period.actuals))
        for role, listed in roles:
            doubt = _doubt(listed, scale)
            for place, measurement in enumerate(listed):
                reason = (
                    _unusable(measurement, scale) or doubt or _elsewhere(indicator, figures, role, period, on)
                )
                at = f"{pointer}/periods/{number}/{role}s/{place}"
                yield _evidence(role, at, measurement, period, scale, reason)


def _unusable(measurement: Measurement, scale: Scale | None) -> Reason | None:
    """Return why a value by itself can not count."""
    if not is_total(measurement):
        return "disaggregated"
    if number_of(measurement, scale) is not None:
        return None
    if measurement.value is None:
        return "comment-only"
    return "blank" if measurement.value.reading == "blank" else "unreadable"


def _doubt(measurements: Sequence[Measurement], scale: Scale | None) -> Reason | None:
    """Return why totals of the same period can not count: they differ."""
    numbers = {number_of(m, scale) for m in measurements if _unusable(m, scale) is None}
    return "ambiguous" if len(numbers) > 1 else None


def _elsewhere(
    indicator: Indicator,
    figures: IndicatorFigures,
    role: Literal["target", "actual"],
    period: Period,
    on: date,
) -> Reason | None:
    """Return why a value that could count does not."""
    if role == "actual" and period.start > on:
        return "period-in-future"
    counted = figures.target_period if role == "target" else figures.actual_period
    if counted is None:
        return "not-added-up"
    if _sums(indicator.over_time, role, indicator.measure):
        return None
    return None if (period.start, period.end) == counted else "not-the-latest-period"


def _evidence(  # noqa: PLR0913
    role: Role,
    pointer: str,
    measurement: Measurement,
    period: Period | None,
    scale: Scale | None,
    reason: Reason | None,
) -> Evidence:
    return Evidence(
        role,
        pointer,
        measurement.value.raw if measurement.value else None,
        number_of(measurement, scale),
        measurement.numerator,
        measurement.denominator,
        period.start if period else None,
        period.end if period else None,
        reason,
    )
