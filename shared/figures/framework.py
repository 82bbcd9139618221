"""Figures of a results framework: where each indicator stands, and how many stand how.

Source: IATI guidance: results. Within a period, baseline or target, the value without
dimensions and locations is the total. Disaggregated values are never added up, neither to a total nor across
dimensions; where there is no total the figure is None, with a flag. Values over time belong together as the
indicator tells; where it does not, the latest actual is measured against the final target. No value is carried
into a later period.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from shared.contracts.monitoring.v1 import Indicator, Period, ResultsFramework
from shared.figures.disaggregation import DimensionCheck, check_dimensions
from shared.figures.percentages import PERCENT, Scale
from shared.figures.progress import (
    DEFAULT_BAND,
    PERCENTAGE,
    QUALITATIVE,
    Band,
    Progress,
    expected_progress,
    indicator_progress,
)
from shared.figures.totals import NOTHING, Value, is_total, number_of, over_periods, scale_of, total

Stand = Literal["ended", "running", "future"]


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """One period measured against its own target, of which all is expected once it has ended.

    Where targets are cumulative and actuals are not, the actual of a period that has one is what was added up to
    its end. ``target_dimensions`` and ``actual_dimensions`` tell whether disaggregated values agree with their total.
    """

    start: date
    end: date
    stand: Stand
    progress: Progress
    target_dimensions: tuple[DimensionCheck, ...] = ()
    actual_dimensions: tuple[DimensionCheck, ...] = ()


@dataclass(frozen=True, slots=True)
class IndicatorFigures:
    """One indicator as it stands on the day: its actual over time against its target over time.

    ``actual_period`` and ``target_period`` tell the first and last day of the periods that the two come from;
    ``progress`` is expected by the end of the former, counted from the start of the first period. ``periods`` are
    in the order of the framework.
    """

    measure: str
    ascending: bool
    reported: bool
    baseline_year: int | None
    actual_period: tuple[date, date] | None
    target_period: tuple[date, date] | None
    progress: Progress
    periods: tuple[PeriodFigures, ...]


@dataclass(frozen=True, slots=True)
class ResultFigures:
    """One result; ``indicators`` are in the order of the framework."""

    type: str
    indicators: tuple[IndicatorFigures, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are of each.

    An indicator is reported when it has a numeric actual, of which zero is one; a qualitative one when an
    actual has a comment or a value. It has progress when it has a state, and is on track when its band holds.
    ``values_...`` count the values of baselines, targets and actuals by how they could be read.
    """

    results: int = 0
    indicators: int = 0
    indicators_reported: int = 0
    indicators_with_progress: int = 0
    indicators_on_track: int = 0
    periods: int = 0
    baselines: int = 0
    targets: int = 0
    actuals: int = 0
    values_unreadable: int = 0
    values_blank: int = 0
    values_grouped: int = 0


@dataclass(frozen=True, slots=True)
class FrameworkFigures:
    """A results framework as it stands on the day ``on``; ``by_result_type`` is keyed by ResultType."""

    on: date
    counts: Counts
    by_result_type: dict[str, Counts]
    results: tuple[ResultFigures, ...]


def framework_figures(
    framework: ResultsFramework, *, on: date, band: Band = DEFAULT_BAND
) -> FrameworkFigures:
    """Return the figures of a results framework as of a day (IATI guidance: results).

    Args:
        framework: results with their indicators, as published.
        on: the day they are looked at; periods that start later are in the future and prove nothing yet.
        band: what counts as on track, against the expected progress.

    """
    results = tuple(
        ResultFigures(result.type, tuple(_indicator(indicator, on, band) for indicator in result.indicators))
        for result in framework.results
    )
    tallies: dict[str, Counter[str]] = {}
    for result, figures in zip(framework.results, results, strict=True):
        tally = tallies.setdefault(result.type, Counter())
        tally["results"] += 1
        for indicator, indicator_figures in zip(result.indicators, figures.indicators, strict=True):
            _tally(tally, indicator, indicator_figures)
    return FrameworkFigures(
        on=on,
        counts=Counts(**sum(tallies.values(), Counter())),
        by_result_type={type_: Counts(**tallies[type_]) for type_ in sorted(tallies)},
        results=results,
    )


def _indicator(indicator: Indicator, on: date, band: Band) -> IndicatorFigures:
    periods, scale = indicator.periods, _scale(indicator)
    baseline = total(indicator.baselines, "baseline", scale)
    targets = [total(period.targets, "target", scale) for period in periods]
    actuals = [_actual(period, on, scale) for period in periods]
    target, target_period = over_periods(indicator, periods, targets, "target")
    actual, actual_period = over_periods(indicator, periods, actuals, "actual")
    expected = None
    if target_period and actual_period:
        first = min(period.start for period in periods)
        expected = expected_progress(first, target_period[1], min(on, actual_period[1]))
    progress = _progress(indicator, (baseline, target, actual), expected, band)
    if actual_period and any(actual_period[1] < period.end < on for period in periods):
        progress = replace(progress, flags=(*progress.flags, "later-period-without-actual"))
    return IndicatorFigures(
        measure=indicator.measure,
        ascending=indicator.ascending,
        reported=_is_reported(indicator),
        baseline_year=_baseline_year(indicator, baseline.number),
        actual_period=actual_period,
        target_period=target_period,
        progress=progress,
        periods=tuple(
            _period(indicator, period, (baseline, *values), on, band)
            for period, *values in zip(periods, targets, _to_date(indicator, actuals), strict=True)
        ),
    )


def _scale(indicator: Indicator) -> Scale | None:
    return scale_of(indicator) if indicator.measure == PERCENTAGE else None


def _actual(period: Period, on: date, scale: Scale | None) -> Value:
    actual = total(period.actuals, "actual", scale)
    return Value(None, "actual-in-future") if period.start > on and actual != NOTHING else actual


def _to_date(indicator: Indicator, actuals: Sequence[Value]) -> Sequence[Value]:
    """Return the actual of each period as its target is meant; a period without one gets none."""
    if indicator.over_time != "summing-cumulative":
        return actuals
    made = []
    for period, actual in zip(indicator.periods, actuals, strict=True):
        until = [(p, a) for p, a in zip(indicator.periods, actuals, strict=True) if p.end <= period.end]
        added, _ = over_periods(indicator, [p for p, _ in until], [a for _, a in until], "actual")
        made.append(actual if actual.number is None else added)
    return made


def _period(
    indicator: Indicator, period: Period, values: tuple[Value, ...], on: date, band: Band
) -> PeriodFigures:
    stand: Stand = "future" if period.start > on else "ended" if period.end < on else "running"
    expected = Decimal(1) if stand == "ended" else None
    measure, scale = indicator.measure, _scale(indicator) or PERCENT
    return PeriodFigures(
        period.start,
        period.end,
        stand,
        _progress(indicator, values, expected, band),
        check_dimensions(period.targets, measure, scale=scale),
        check_dimensions(period.actuals, measure, scale=scale),
    )


def _progress(
    indicator: Indicator, values: tuple[Value, ...], expected: Decimal | None, band: Band
) -> Progress:
    baseline, target, actual = values
    progress = indicator_progress(
        baseline.number,
        target.number,
        actual.number,
        ascending=indicator.ascending,
        measure=indicator.measure,
        expected=expected,
        band=band,
        baseline_may_be_zero=baseline.flag is None,
    )
    reasons = {
        "baseline-missing": baseline.flag,
        "target-missing": target.flag,
        "actual-missing": actual.flag,
    }
    flags = tuple(reasons.get(flag) or flag for flag in progress.flags)
    return progress if flags == progress.flags else replace(progress, flags=flags)


def _baseline_year(indicator: Indicator, number: Decimal | None) -> int | None:
    if number is None:
        return None
    scale = _scale(indicator)
    return min(b.year for b in indicator.baselines if is_total(b) and number_of(b, scale) == number)


def _is_reported(indicator: Indicator) -> bool:
    actuals = (actual for period in indicator.periods for actual in period.actuals)
    if indicator.measure == QUALITATIVE:
        return any(
            (a.value and a.value.reading != "blank") or any(comment.text.strip() for comment in a.comments)
            for a in actuals
        )
    scale = _scale(indicator)
    return any(number_of(a, scale) is not None for a in actuals)


def _tally(tally: Counter[str], indicator: Indicator, figures: IndicatorFigures) -> None:
    targets = [target for period in indicator.periods for target in period.targets]
    actuals = [actual for period in indicator.periods for actual in period.actuals]
    tally["indicators"] += 1
    tally["indicators_reported"] += figures.reported
    tally["indicators_with_progress"] += figures.progress.state is not None
    tally["indicators_on_track"] += figures.progress.on_track is True
    tally["periods"] += len(indicator.periods)
    tally["baselines"] += len(indicator.baselines)
    tally["targets"] += len(targets)
    tally["actuals"] += len(actuals)
    for measurement in (*indicator.baselines, *targets, *actuals):
        if measurement.value and measurement.value.reading != "plain":
            tally[f"values_{measurement.value.reading}"] += 1
