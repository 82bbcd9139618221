"""What an author may not write of results, as (pointer, code, detail); published files are kept with their faults.

Source: IATI guidance: results (values are numbers unless the indicator is qualitative, which is told in comments);
arithmetic of proportions (percentages can only be added up by what they were made of).
"""

from collections.abc import Iterator
from decimal import Decimal

from shared.contracts.monitoring.v1 import Indicator, Measurement, ResultsFramework
from shared.figures.exact import EXACT
from shared.figures.percentages import percentage
from shared.figures.progress import PERCENTAGE, QUALITATIVE, UNIT

_HALF = 5
"""Half a unit of the last decimal, one place further."""


def faults_of_framework(framework: ResultsFramework) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with the values of a framework, as its numbers are read."""
    for place, result in enumerate(framework.results):
        for number, indicator in enumerate(result.indicators):
            yield from _faults_of_indicator(indicator, f"/results/{place}/indicators/{number}")


def faults_of_actual(measure: str, actual: Measurement, at: str) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with an actual of an indicator of that measure; ``at`` is the pointer to it.

    Beside what holds for every value, a percentage tells its denominator.
    """
    yield from _faults_of_value(measure, actual, at)
    told = actual.value is not None and actual.numerator is None and actual.denominator is None
    if measure == PERCENTAGE and told:
        yield (f"{at}/denominator", "percentage-without-denominator", "What is it a percentage of?")


def _faults_of_indicator(indicator: Indicator, at: str) -> Iterator[tuple[str, str, str]]:
    for place, baseline in enumerate(indicator.baselines):
        yield from _faults_of_value(indicator.measure, baseline, f"{at}/baselines/{place}")
    for number, period in enumerate(indicator.periods):
        for place, target in enumerate(period.targets):
            yield from _faults_of_value(indicator.measure, target, f"{at}/periods/{number}/targets/{place}")
        for place, actual in enumerate(period.actuals):
            yield from faults_of_actual(indicator.measure, actual, f"{at}/periods/{number}/actuals/{place}")


def _faults_of_value(measure: str, measured: Measurement, at: str) -> Iterator[tuple[str, str, str]]:
    value = measured.value
    if measure == QUALITATIVE and value is not None:
        yield (f"{at}/value", "qualitative-value", "A qualitative indicator is reported by comment.")
    if measure in (UNIT, PERCENTAGE) and value is not None and value.number is None:
        yield (
            f"{at}/value/raw",
            "not-a-number",
            "A unit or a percentage is a number; text goes into a comment.",
        )
    if measure == PERCENTAGE:
        yield from _faults_of_parts(measured, at)
        return
    for member in ("numerator", "denominator"):
        if getattr(measured, member) is not None:
            detail = f"Only a percentage (measure {PERCENTAGE}) has a {member}."
            yield (f"{at}/{member}", "numerator-without-percentage", detail)


def _faults_of_parts(measured: Measurement, at: str) -> Iterator[tuple[str, str, str]]:
    above, below, value = measured.numerator, measured.denominator, measured.value
    if below is None:
        if above is not None:
            yield (f"{at}/denominator", "percentage-without-denominator", "A numerator has a denominator.")
    elif not below:
        yield (f"{at}/denominator", "denominator-zero", "Nothing is a percentage of zero.")
    elif above is None:
        yield (f"{at}/numerator", "percentage-without-denominator", "A denominator has a numerator.")
    elif value is not None and value.number is not None and not _states(value.number, above, below):
        detail = f"{above:f} of {below:f} is not {value.number:f} %."
        yield (f"{at}/value/raw", "percentage-mismatch", detail)


def _states(value: Decimal, numerator: Decimal, denominator: Decimal) -> bool:
    """Whether a value is the percentage, rounded in any way to the decimals that the value has."""
    quotient = percentage(numerator, denominator)
    exponent = value.as_tuple().exponent
    if quotient is None or not isinstance(exponent, int):
        return False
    half = Decimal((0, (_HALF,), exponent - 1))
    return abs(EXACT.subtract(value, quotient)) <= half
