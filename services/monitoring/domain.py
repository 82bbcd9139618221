"""Rules of the monitoring service: how a report changes a results framework."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from shared.contracts.base import Contract
from shared.contracts.iati import Reading
from shared.contracts.monitoring.v1 import Indicator, Measurement, Period, Result, ResultsFramework
from shared.figures.readings import is_as_read, read_number

T = TypeVar("T")
M = TypeVar("M", bound=Measurement)

QUALITATIVE = "5"


class PeriodAddress(Contract):
    """Where a period stands in its framework: the ordinals of result, indicator and period, from 1."""

    result: int
    indicator: int
    period: int


class ActualReport(PeriodAddress):
    """An actual for one period."""

    actual: Measurement


class ReportRefused(Exception):
    """A report that does not fit the framework; ``pointer`` names the member of the report at fault."""

    def __init__(self, pointer: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.code = code
        self.detail = detail


def framework_columns(framework: ResultsFramework) -> dict[str, Any]:
    """Return the columns of a framework that a list may filter by."""
    return {"indicators": sum(len(result.indicators) for result in framework.results)}


def with_readings(framework: ResultsFramework) -> ResultsFramework:
    """Return the framework with the number of each value as its text tells it, whatever the caller made of it."""
    if all(is_as_read(value) for value in _values(framework)):
        return framework
    return framework.model_copy(update={"results": tuple(map(_result_as_read, framework.results))})


def _values(framework: ResultsFramework) -> Iterator[Reading]:
    for indicator in (each for result in framework.results for each in result.indicators):
        measurements: list[Measurement] = [*indicator.baselines]
        for period in indicator.periods:
            measurements += [*period.targets, *period.actuals]
        yield from (each.value for each in measurements if each.value)


def _result_as_read(result: Result) -> Result:
    return result.model_copy(update={"indicators": tuple(map(_indicator_as_read, result.indicators))})


def _indicator_as_read(indicator: Indicator) -> Indicator:
    periods = tuple(
        period.model_copy(update={"targets": _as_read(period.targets), "actuals": _as_read(period.actuals)})
        for period in indicator.periods
    )
    return indicator.model_copy(update={"baselines": _as_read(indicator.baselines), "periods": periods})


def _as_read(measurements: Iterable[M]) -> tuple[M, ...]:
    return tuple(
        each.model_copy(update={"value": read_number(each.value.raw)}) if each.value else each
        for each in measurements
    )


def report_actual(framework: ResultsFramework, report: ActualReport) -> ResultsFramework:
    """Return the framework with the actual in its period.

    It takes the place of an actual of the same dimensions and locations; otherwise it is added.

    Raises:
        ReportRefused: there is no such period, or a qualitative indicator is given a value (IATI: the text
            of a qualitative actual goes into its comment).

    """
    result = _pick(framework.results, report.result, "/result")
    indicator = _pick(result.indicators, report.indicator, "/indicator")
    period = _pick(indicator.periods, report.period, "/period")
    if indicator.measure == QUALITATIVE and report.actual.value is not None:
        raise ReportRefused(
            "/actual/value", "qualitative-value", "A qualitative indicator is reported by comment."
        )
    revised = period.model_copy(update={"actuals": _replaced(period, report.actual)})
    indicator = indicator.model_copy(update={"periods": _with(indicator.periods, report.period, revised)})
    result = result.model_copy(update={"indicators": _with(result.indicators, report.indicator, indicator)})
    return framework.model_copy(update={"results": _with(framework.results, report.result, result)})


def _replaced(period: Period, actual: Measurement) -> tuple[Measurement, ...]:
    slice_of: Callable[[Measurement], object] = lambda m: (m.dimensions, m.locations)  # noqa: E731
    kept = tuple(existing for existing in period.actuals if slice_of(existing) != slice_of(actual))
    return (*kept, actual)


def _pick(items: Sequence[T], ordinal: int, pointer: str) -> T:
    if not 1 <= ordinal <= len(items):
        raise ReportRefused(
            pointer, "unknown-ordinal", f"There are {len(items)}; {ordinal} is not one of them."
        )
    return items[ordinal - 1]


def _with(items: Sequence[T], ordinal: int, item: T) -> tuple[T, ...]:
    return (*items[: ordinal - 1], item, *items[ordinal:])
