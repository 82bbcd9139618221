"""What the indicators of projects come to for an outcome: the latest actual of each, rolled up with an operator.

Sources: ``over_time`` for the actual of a project (Tola help text), ``hierarchy`` for what several come to (DHIS2; IATI
guidance: results). A project's indicator counts once, however often it is linked. Percentages are told in percent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias

from shared.contracts.monitoring.v1 import (
    Indicator,
    IndicatorLink,
    OutcomeIndicator,
    ProgrammeFramework,
    Result,
    ResultsFramework,
)
from shared.figures.framework import IndicatorFigures, framework_figures
from shared.figures.hierarchy import Input, Kind, Operator, Reason, roll_up
from shared.figures.over_time import is_summed
from shared.figures.percentages import PERCENT, pool, rescaled
from shared.figures.progress import PERCENTAGE
from shared.figures.totals import Value, over_periods, scale_of, total

Why: TypeAlias = Reason | Literal["unknown-framework", "unknown-indicator"]
Name: TypeAlias = tuple[str, int, int]

OUTCOME_RESULT = "2"
"""ResultType of an outcome."""


@dataclass(frozen=True, slots=True)
class LinkedInput:
    """An input of a figure with its value and the last day that it is of; ``reason`` is why it does not count."""

    link: IndicatorLink
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    as_of: date | None
    reason: Why | None = None


@dataclass(frozen=True, slots=True)
class RolledFigure:
    """What inputs come to; ``whole`` is whether only such are left out as somebody chose to leave out."""

    operator: Operator
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    whole: bool
    inputs: tuple[LinkedInput, ...]


@dataclass(frozen=True, slots=True)
class OutcomeIndicatorFigures:
    """An indicator of an outcome: its own values, and what is rolled up, None where no operator is told."""

    outcome: str
    indicator: OutcomeIndicator
    own: IndicatorFigures
    rolled_up: RolledFigure | None


def programme_figures(
    framework: ProgrammeFramework, stored: Mapping[str, ResultsFramework], *, on: date
) -> list[OutcomeIndicatorFigures]:
    """Return the figures of each indicator of each outcome, in order of the framework (IATI guidance: results).

    Args:
        framework: the programme framework.
        stored: frameworks of the activities that its inputs name, as far as they are known.
        on: the day they are looked at.

    """
    listed = [(outcome.code, each) for outcome in framework.outcomes for each in outcome.indicators]
    results = (Result(type=OUTCOME_RESULT, indicators=tuple(each.indicator for _, each in listed)),)
    own = ResultsFramework(iati_identifier=framework.identifier, results=results)
    (figures,) = framework_figures(own, on=on).results
    return [
        OutcomeIndicatorFigures(outcome, each, standing, rolled_figure(each, stored, on=on))
        for (outcome, each), standing in zip(listed, figures.indicators, strict=True)
    ]


def rolled_figure(
    indicator: OutcomeIndicator, stored: Mapping[str, ResultsFramework], *, on: date
) -> RolledFigure | None:
    """Return what the inputs of an indicator come to by its operator, None where it has none (DHIS2).

    Args:
        indicator: of an outcome, with its inputs.
        stored: frameworks of activities, as far as they are known.
        on: the day they are looked at.

    """
    if indicator.operator is None:
        return None
    made: dict[Name, tuple[LinkedInput, Input | None]] = {}
    for link in indicator.inputs:
        made.setdefault(_name(link), _linked(link, stored, on))
    kind = Kind(indicator.indicator.measure, indicator.indicator.ascending)
    figure = roll_up((each for _, each in made.values() if each), indicator.operator, kind)
    reasons = dict(figure.excluded)
    inputs = tuple(
        LinkedInput(
            told.link,
            told.value,
            told.numerator,
            told.denominator,
            told.as_of,
            told.reason or (reasons.get(each.id) if each else None),
        )
        for told, each in made.values()
    )
    unknown = any(told.link.counts for told, each in made.values() if each is None)
    return RolledFigure(
        indicator.operator,
        figure.value,
        figure.numerator,
        figure.denominator,
        figure.whole and not unknown,
        inputs,
    )


def latest_actual(indicator: Indicator, on: date) -> tuple[Value, date | None]:
    """Return the actual of an indicator over time with the last day that it is of (Tola help text).

    Periods that start after the day prove nothing yet. A percentage is in percent, with what it was made of.
    """
    periods = [period for period in indicator.periods if period.start <= on]
    scale = scale_of(indicator) if indicator.measure == PERCENTAGE else None
    values = [total(period.actuals, "actual", scale) for period in periods]
    value, dates = over_periods(indicator, periods, values, "actual")
    if dates is None or scale is None:
        return value, dates[1] if dates else None
    summed = is_summed(indicator.over_time, "actual")
    parts = {
        (period.start, period.end): each.pair
        for period, each in zip(periods, values, strict=True)
        if each.number is not None and (summed or (period.start, period.end) == dates)
    }
    pooled = pool(pair or (None, None) for pair in parts.values())
    whole = None if pooled.numerator is None else (pooled.numerator, pooled.denominator)
    number = None if value.number is None else rescaled(value.number, scale, PERCENT)
    return value._replace(number=number, pair=whole), dates[1]


def linked_indicator(framework: ResultsFramework, link: IndicatorLink) -> tuple[Result, Indicator] | None:
    """Return what a link names by ordinals from 1, None where the framework has no such indicator (ours)."""
    if link.result > len(framework.results):
        return None
    result = framework.results[link.result - 1]
    if link.indicator > len(result.indicators):
        return None
    return result, result.indicators[link.indicator - 1]


def activities_of(framework: ProgrammeFramework) -> Sequence[str]:
    """Return the identifiers of the activities that inputs name, each once."""
    links = (link for outcome in framework.outcomes for each in outcome.indicators for link in each.inputs)
    return tuple(dict.fromkeys(link.iati_identifier for link in links))


def _linked(
    link: IndicatorLink, stored: Mapping[str, ResultsFramework], on: date
) -> tuple[LinkedInput, Input | None]:
    framework = stored.get(link.iati_identifier)
    if framework is None:
        return LinkedInput(link, None, None, None, None, "unknown-framework"), None
    linked = linked_indicator(framework, link)
    if linked is None:
        return LinkedInput(link, None, None, None, None, "unknown-indicator"), None
    result, indicator = linked
    value, as_of = latest_actual(indicator, on)
    numerator, denominator = value.pair or (None, None)
    own = indicator.aggregation_status
    each = Input(
        id="/".join(map(str, _name(link))),
        kind=Kind(indicator.measure, indicator.ascending),
        value=value.number,
        numerator=numerator,
        denominator=denominator,
        as_of=as_of,
        reported=value.number is not None or value.flag is not None,
        aggregation_status=result.aggregation_status if own is None else own,
        linked=link.counts,
    )
    return LinkedInput(link, value.number, numerator, denominator, as_of), each


def _name(link: IndicatorLink) -> Name:
    return link.iati_identifier, link.result, link.indicator
