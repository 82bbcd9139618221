"""Figures of a results framework: where each indicator stands, and how many stand how.

Source: IATI guidance: results. Within a period, baseline or target, the value without
dimensions and locations is the total. Disaggregated values are never added up, neither to a total nor across
dimensions; where there is no total the figure is None, with a flag. Values over time are taken as published:
the latest actual is measured against the final target, and no value is carried into a later period.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Literal, NamedTuple, cast

from shared.contracts.monitoring.v1 import Indicator, Measurement, Period, ResultsFramework
from shared.figures.progress import (
    DEFAULT_BAND,
    QUALITATIVE,
    Flag,
    OnTrackBand,
    Progress,
    expected_progress,
    indicator_progress,
)

Stand = Literal["ended", "running", "future"]
Role = Literal["baseline", "target", "actual"]


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """One period measured against its own target, of which all is expected once it has ended."""

    start: date
    end: date
    stand: Stand
    progress: Progress


@dataclass(frozen=True, slots=True)
class IndicatorFigures:
    """One indicator as it stands on the day: its latest actual against its final target.

    ``actual_period`` and ``target_period`` tell the periods (start, end) that the two come from; ``progress``
    is expected by the end of the former, counted from the start of the first period. ``periods`` are in the
    order of the framework.
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


class _Value(NamedTuple):
    """The total of several measurements, or why there is none."""

    number: Decimal | None
    flag: Flag | None = None


def framework_figures(
    framework: ResultsFramework, *, on: date, band: OnTrackBand = DEFAULT_BAND
) -> FrameworkFigures:
    """Return the figures of a results framework as of a day (IATI guidance: results).

    Args:
        framework: results with their indicators, as published.
        on: the day they are looked at; periods that start later are in the future and prove nothing yet.
        band: how much lag behind the expected progress still counts as on track.

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


def _indicator(indicator: Indicator, on: date, band: OnTrackBand) -> IndicatorFigures:
    periods = indicator.periods
    baseline = _total(indicator.baselines, "baseline")
    targets = [_total(period.targets, "target") for period in periods]
    actuals = [_actual(period, on) for period in periods]
    target, target_period = _latest(periods, targets, "target")
    actual, actual_period = _latest(periods, actuals, "actual")
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
            for period, *values in zip(periods, targets, actuals, strict=True)
        ),
    )


def _period(
    indicator: Indicator, period: Period, values: tuple[_Value, ...], on: date, band: OnTrackBand
) -> PeriodFigures:
    stand: Stand = "future" if period.start > on else "ended" if period.end < on else "running"
    expected = Decimal(1) if stand == "ended" else None
    return PeriodFigures(period.start, period.end, stand, _progress(indicator, values, expected, band))


def _progress(
    indicator: Indicator, values: tuple[_Value, ...], expected: Decimal | None, band: OnTrackBand
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


def _total(measurements: Sequence[Measurement], role: Role) -> _Value:
    totals = [m.value for m in measurements if m.value and _is_total(m)]
    numbers = {value.number for value in totals if value.number is not None}
    if len(numbers) == 1:
        return _Value(numbers.pop())
    if numbers:
        return _Value(None, _flag(role, "ambiguous"))
    if any(value.reading == "unreadable" for value in totals):
        return _Value(None, _flag(role, "unreadable"))
    if any(m.value and m.value.number is not None for m in measurements):
        return _Value(None, _flag(role, "disaggregated-only"))
    return _Value(None)


def _is_total(measurement: Measurement) -> bool:
    return not measurement.dimensions and not measurement.locations


def _actual(period: Period, on: date) -> _Value:
    actual = _total(period.actuals, "actual")
    return _Value(None, "actual-in-future") if period.start > on and actual != _Value(None) else actual


def _latest(
    periods: Sequence[Period], values: Sequence[_Value], role: Role
) -> tuple[_Value, tuple[date, date] | None]:
    """Return the value of the period that ends last among those that have one, with its start and end."""
    found = [((p.end, p.start), value) for p, value in zip(periods, values, strict=True)]
    known = [(dates, value) for dates, value in found if value.number is not None]
    if not known:
        flagged = [(dates, value) for dates, value in found if value.flag]
        return (max(flagged, key=itemgetter(0))[1] if flagged else _Value(None)), None
    end, start = max(dates for dates, _ in known)
    numbers = {value.number for dates, value in known if dates == (end, start)}
    if len(numbers) > 1:
        return _Value(None, _flag(role, "ambiguous")), None
    return _Value(numbers.pop()), (start, end)


def _flag(role: Role, reason: str) -> Flag:
    return cast("Flag", f"{role}-{reason}")


def _baseline_year(indicator: Indicator, number: Decimal | None) -> int | None:
    if number is None:
        return None
    totals = (b for b in indicator.baselines if b.value and _is_total(b))
    return min(b.year for b in totals if b.value and b.value.number == number)


def _is_reported(indicator: Indicator) -> bool:
    actuals = (actual for period in indicator.periods for actual in period.actuals)
    if indicator.measure == QUALITATIVE:
        return any(
            (a.value and a.value.reading != "blank") or any(comment.text.strip() for comment in a.comments)
            for a in actuals
        )
    return any(a.value and a.value.number is not None for a in actuals)


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
