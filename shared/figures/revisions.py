"""What changed from one version of a plan or report to the next: budgets, baselines, targets and actuals.

Source: results-based management practice (a revised target keeps the former one, with the reason of the change); IATI
guidance: activity budgets, results. Values are told apart by what they stand for - type and period of a budget; titles
of result and indicator, period, dimensions and locations of a measurement - and not by their place in the document.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias

from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.iati import Money, Narratives
from shared.contracts.monitoring.v1 import Dimension, Indicator, Measurement, Result, ResultsFramework

Kind = Literal["budget", "baseline", "target", "actual"]
Value: TypeAlias = Money | Measurement


@dataclass(frozen=True, slots=True)
class Subject:
    """What a value stands for; ``occurrence`` counts the values that stand for the same, from 0."""

    kind: Kind
    result: str | None = None
    indicator: str | None = None
    type: str | None = None
    year: int | None = None
    start: date | None = None
    end: date | None = None
    dimensions: tuple[Dimension, ...] = ()
    locations: tuple[str, ...] = ()
    occurrence: int = 0


@dataclass(frozen=True, slots=True)
class Revision:
    """One value that changed; None where it was not there before, or is not any more."""

    subject: Subject
    before: Value | None
    after: Value | None


def budget_revisions(before: ActivityFinance, after: ActivityFinance) -> list[Revision]:
    """Return the budgets that differ (IATI guidance: activity budgets)."""
    return _differences(_budgets(before), _budgets(after))


def framework_revisions(before: ResultsFramework, after: ResultsFramework) -> list[Revision]:
    """Return the baselines, targets and actuals that differ (IATI guidance: results)."""
    return _differences(
        _measurements(before, unlike=after.results), _measurements(after, unlike=before.results)
    )


def _differences(
    before: Iterable[tuple[Subject, Value]], after: Iterable[tuple[Subject, Value]]
) -> list[Revision]:
    had, has = dict(_counted(before)), dict(_counted(after))
    return [
        Revision(subject, had.get(subject), has.get(subject))
        for subject in {**had, **has}
        if had.get(subject) != has.get(subject)
    ]


def _counted(values: Iterable[tuple[Subject, Value]]) -> Iterator[tuple[Subject, Value]]:
    seen: Counter[Subject] = Counter()
    for subject, value in values:
        place = seen[subject]
        seen[subject] += 1
        yield replace(subject, occurrence=place), value


def _budgets(finance: ActivityFinance) -> Iterator[tuple[Subject, Money]]:
    for budget in finance.budgets:
        yield (
            Subject("budget", type=budget.type, start=budget.period_start, end=budget.period_end),
            budget.value,
        )


def _measurements(
    framework: ResultsFramework, *, unlike: Sequence[Result]
) -> Iterator[tuple[Subject, Measurement]]:
    """Yield the values of a framework, but not of results that the other version has in the same place unchanged."""
    for place, result in enumerate(framework.results):
        if place < len(unlike) and unlike[place] == result:
            continue
        title = _first(result.titles)
        for indicator in result.indicators:
            yield from _of_indicator(title, indicator)


def _of_indicator(result: str | None, indicator: Indicator) -> Iterator[tuple[Subject, Measurement]]:
    name = _first(indicator.titles)
    for baseline in indicator.baselines:
        yield _of(baseline, Subject("baseline", result, name, year=baseline.year))
    for period in indicator.periods:
        for target in period.targets:
            yield _of(target, Subject("target", result, name, start=period.start, end=period.end))
        for actual in period.actuals:
            yield _of(actual, Subject("actual", result, name, start=period.start, end=period.end))


def _of(value: Measurement, subject: Subject) -> tuple[Subject, Measurement]:
    return replace(subject, dimensions=value.dimensions, locations=value.locations), value


def _first(narratives: Narratives) -> str | None:
    return narratives[0].text if narratives else None
