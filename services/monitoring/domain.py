"""Rules of the monitoring service: how a report changes a results framework."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from shared.contracts.base import Contract
from shared.contracts.monitoring.v1 import Measurement, Period, ResultsFramework

T = TypeVar("T")

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
