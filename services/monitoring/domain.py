"""Rules of the monitoring service: how a report changes a results framework."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Context, Decimal
from typing import Any, TypeVar

from services.monitoring.faults import faults_of_actual
from shared.contracts.base import Contract
from shared.contracts.iati import MAX_DIGITS, Reading
from shared.contracts.ids import Identifier
from shared.contracts.monitoring.v1 import Indicator, Measurement, Period, Result, ResultsFramework
from shared.figures.exact import EXACT
from shared.figures.percentages import percentage
from shared.figures.progress import PERCENTAGE
from shared.figures.readings import MAX_DECIMALS, is_as_read, read_number

T = TypeVar("T")
M = TypeVar("M", bound=Measurement)

_ROUNDED = Context(prec=2 * MAX_DIGITS)


class PeriodAddress(Contract):
    """Where a period stands in its framework: the ordinals of result, indicator and period, from 1."""

    result: int
    indicator: int
    period: int


class ActualReport(PeriodAddress):
    """An actual for one period; who reports it, and for which office, is told where a lock has an exception for them."""

    actual: Measurement
    by: Identifier | None = None
    office: Identifier | None = None


class ReportRefused(Exception):
    """A report that does not fit the framework; its faults point at the members of the report."""

    def __init__(self, faults: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(faults)
        self.faults = faults


def framework_columns(framework: ResultsFramework) -> dict[str, Any]:
    """Return the columns of a framework that a list may filter by."""
    return {"indicators": sum(len(result.indicators) for result in framework.results)}


def with_readings(framework: ResultsFramework) -> ResultsFramework:
    """Return the framework with each value as the service makes it, whatever the caller made of it.

    The number of a value is what its text tells. Where a percentage has no value but tells what it is made of, its
    value follows from that.
    """
    if all(each is as_read(each, measure) for measure, each in _measured(framework)):
        return framework
    return framework.model_copy(update={"results": tuple(map(_result_as_read, framework.results))})


def as_read(measured: M, measure: str) -> M:
    """Return a value of an indicator of that measure as the service makes it; what is so already is left alone."""
    if measured.value is not None:
        kept = is_as_read(measured.value)
        return measured if kept else measured.model_copy(update={"value": read_number(measured.value.raw)})
    value = _percentage(measured) if measure == PERCENTAGE else None
    return measured if value is None else measured.model_copy(update={"value": value})


def _percentage(measured: Measurement) -> Reading | None:
    """Return numerator / denominator * 100, None where it cannot be told or written as a number."""
    quotient = percentage(measured.numerator, measured.denominator)
    if quotient is None:
        return None
    exponent = quotient.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MAX_DECIMALS:
        quotient = _ROUNDED.quantize(quotient, Decimal((0, (1,), -MAX_DECIMALS)))
    value = read_number(f"{EXACT.normalize(quotient) or Decimal(0):f}")
    return value if value.number is not None else None


def _measured(framework: ResultsFramework) -> Iterator[tuple[str, Measurement]]:
    for indicator in (each for result in framework.results for each in result.indicators):
        measurements: list[Measurement] = [*indicator.baselines]
        for period in indicator.periods:
            measurements += [*period.targets, *period.actuals]
        yield from ((indicator.measure, each) for each in measurements)


def _result_as_read(result: Result) -> Result:
    return result.model_copy(update={"indicators": tuple(map(indicator_as_read, result.indicators))})


def indicator_as_read(indicator: Indicator) -> Indicator:
    """Return an indicator with each value as the service makes it."""

    def read(measurements: Iterable[M]) -> tuple[M, ...]:
        return tuple(as_read(each, indicator.measure) for each in measurements)

    periods = tuple(
        period.model_copy(update={"targets": read(period.targets), "actuals": read(period.actuals)})
        for period in indicator.periods
    )
    return indicator.model_copy(update={"baselines": read(indicator.baselines), "periods": periods})


def report_actual(framework: ResultsFramework, report: ActualReport) -> ResultsFramework:
    """Return the framework with the actual in its period.

    It takes the place of an actual of the same dimensions and locations; otherwise it is added.

    Raises:
        ReportRefused: there is no such period, or the actual is none of the indicator's measure.

    """
    result, indicator, period = addressed(framework, report)
    actual = as_read(report.actual, indicator.measure)
    if faults := list(faults_of_actual(indicator.measure, actual, "/actual")):
        raise ReportRefused(faults)
    revised = period.model_copy(update={"actuals": _replaced(period, actual)})
    indicator = indicator.model_copy(update={"periods": _with(indicator.periods, report.period, revised)})
    result = result.model_copy(update={"indicators": _with(result.indicators, report.indicator, indicator)})
    return framework.model_copy(update={"results": _with(framework.results, report.result, result)})


def addressed(framework: ResultsFramework, address: PeriodAddress) -> tuple[Result, Indicator, Period]:
    """Return the period that an address is of, with its indicator and result.

    Raises:
        ReportRefused: there is no such period.

    """
    result = _pick(framework.results, address.result, "result")
    indicator = _pick(result.indicators, address.indicator, "indicator")
    return result, indicator, _pick(indicator.periods, address.period, "period")


def _replaced(period: Period, actual: Measurement) -> tuple[Measurement, ...]:
    slice_of: Callable[[Measurement], object] = lambda m: (m.dimensions, m.locations)  # noqa: E731
    kept = tuple(existing for existing in period.actuals if slice_of(existing) != slice_of(actual))
    if len(kept) == len(period.actuals) - 1 and actual in period.actuals:
        return period.actuals
    return (*kept, actual)


def _pick(items: Sequence[T], ordinal: int, member: str) -> T:
    if not 1 <= ordinal <= len(items):
        detail = f"There are {len(items)}; {ordinal} is not one of them."
        raise ReportRefused([(f"/{member}", "unknown-ordinal", detail)])
    return items[ordinal - 1]


def _with(items: Sequence[T], ordinal: int, item: T) -> tuple[T, ...]:
    return (*items[: ordinal - 1], item, *items[ordinal:])
