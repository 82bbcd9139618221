"""What the read model keeps of a results framework: its figures as of a day, and the counts that summaries add up."""

from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pydantic_core import to_json

from gateway.projection.facts import first_text
from gateway.projection.totals import RESULTS_COUNTS
from shared.contracts.monitoring.v1 import Indicator, ResultsFramework
from shared.figures.disaggregation import DimensionCheck
from shared.figures.framework import Counts, FrameworkFigures, IndicatorFigures, framework_figures
from shared.figures.progress import PERCENTAGE, UNIT, Progress
from shared.figures.scores import Told, scores
from shared.figures.totals import is_total

DAY = timedelta(days=1)


_COUNTS = tuple(field.name for field in fields(Counts))


def framework_rows(framework: ResultsFramework, *, on: date) -> dict[str, Any]:
    """Return the columns that follow from a framework as of a day.

    Once its last period has ended, a framework's figures no longer change by the passing of time: they are told as
    of the day after, ``settles_on``, whenever they are made. Without periods they depend on no day.
    """
    settles_on = _settles_on(framework)
    figures_on = min(on, settles_on or on)
    figures = framework_figures(framework, on=figures_on)
    counts = _counts(figures.counts)
    return {
        "listing": to_json(counts).decode(),
        "figures": to_json(_figures(framework, figures, figures_on if settles_on else None)).decode(),
        "figures_on": figures_on if settles_on else None,
        "settles_on": settles_on,
        **{name: counts[name] for name in RESULTS_COUNTS},
    }


def _counts(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in _COUNTS}


def _settles_on(framework: ResultsFramework) -> date | None:
    ends = (
        period.end for result in framework.results for each in result.indicators for period in each.periods
    )
    last = max(ends, default=None)
    return None if last is None else min(last, date.max - DAY) + DAY


def _figures(framework: ResultsFramework, figures: FrameworkFigures, on: date | None) -> dict[str, Any]:
    return {
        "on": on,
        "counts": _counts(figures.counts),
        "by_result_type": {type_: _counts(counts) for type_, counts in figures.by_result_type.items()},
        "results": [
            {
                "type": result.type,
                "title": first_text(result.titles),
                "indicators": [
                    _indicator(indicator, indicator_figures)
                    for indicator, indicator_figures in zip(
                        result.indicators, result_figures.indicators, strict=True
                    )
                ],
            }
            for result, result_figures in zip(framework.results, figures.results, strict=True)
        ],
    }


def _indicator(indicator: Indicator, figures: IndicatorFigures) -> dict[str, Any]:
    return {
        "title": first_text(indicator.titles),
        "measure": figures.measure,
        "ascending": figures.ascending,
        "reported": figures.reported,
        "baseline_year": figures.baseline_year,
        "actual_period": _dates(figures.actual_period),
        "target_period": _dates(figures.target_period),
        **_progress(figures.progress),
        "scores": None if figures.measure in (UNIT, PERCENTAGE) else _scores(indicator),
        "periods": [
            {
                "start": period.start,
                "end": period.end,
                "stand": period.stand,
                **_progress(period.progress),
                "target_dimensions": [_dimension(check) for check in period.target_dimensions],
                "actual_dimensions": [_dimension(check) for check in period.actual_dimensions],
            }
            for period in figures.periods
        ],
    }


def _scores(indicator: Indicator) -> dict[str, Any]:
    """Return how often each score was given, of what is told of the whole; scores are never added up."""
    told = scores(
        Told(actual.value.raw if actual.value else None)
        for period in indicator.periods
        for actual in period.actuals
        if is_total(actual)
    )
    return {"counted": told.counted, "distribution": dict(told.distribution)}


def _dimension(check: DimensionCheck) -> dict[str, Any]:
    return {
        "dimension": check.dimension,
        "agreement": check.agreement,
        "sum": _number(check.sum),
        "parts": {name: _number(part) for name, part in check.parts},
        "across": check.across,
    }


def _number(number: Decimal | None) -> str | None:
    return None if number is None else format(number, "f")


def _dates(period: tuple[date, date] | None) -> dict[str, date] | None:
    return None if period is None else {"start": period[0], "end": period[1]}


def _progress(progress: Progress) -> dict[str, Any]:
    numbers = {
        name: _number(getattr(progress, name))
        for name in ("baseline", "target", "actual", "progress", "achievement", "expected")
    }
    return {**numbers, "state": progress.state, "on_track": progress.on_track, "flags": progress.flags}
