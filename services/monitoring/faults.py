"""What an author may not write of results, as (pointer, code, detail); published files are kept with their faults.

Source: IATI guidance: results (values are numbers unless the indicator is qualitative, which is told in comments);
arithmetic of proportions (percentages can only be added up by what they were made of).
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from urllib.parse import urlsplit

from shared.contracts.iati import Document
from shared.contracts.monitoring.v1 import Indicator, Measurement, ResultsFramework
from shared.figures.exact import EXACT
from shared.figures.percentages import percentage
from shared.figures.progress import PERCENTAGE, QUALITATIVE, UNIT

_HALF = 5
"""Half a unit of the last decimal, one place further."""


def faults_of_framework(framework: ResultsFramework) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with the values and documents of a framework, as its numbers are read."""
    for place, result in enumerate(framework.results):
        yield from faults_of_documents(result.documents, f"/results/{place}/documents")
        for number, indicator in enumerate(result.indicators):
            yield from faults_of_indicator(indicator, f"/results/{place}/indicators/{number}")


def faults_of_actual(measure: str, actual: Measurement, at: str) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with an actual of an indicator of that measure; ``at`` is the pointer to it.

    Beside what holds for every value, a percentage tells its denominator.
    """
    yield from _faults_of_value(measure, actual, at)
    told = actual.value is not None and actual.numerator is None and actual.denominator is None
    if measure == PERCENTAGE and told:
        yield (f"{at}/denominator", "percentage-without-denominator", "What is it a percentage of?")


def faults_of_documents(documents: Iterable[Document], at: str) -> Iterator[tuple[str, str, str]]:
    """Yield which documents, of which ``at`` is the pointer to the list, are not at an address of the web."""
    for place, document in enumerate(documents):
        yield from faults_of_url(document.url, f"{at}/{place}/url")


def faults_of_url(url: str, at: str) -> Iterator[tuple[str, str, str]]:
    """Yield why a text is no address of the web: one of http or https, with a host."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        yield (f"{at}", "invalid-url", "An address begins with http:// or https:// and has a host.")


def faults_of_indicator(indicator: Indicator, at: str) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with the values and documents of an indicator; ``at`` is the pointer to it."""
    yield from faults_of_documents(indicator.documents, f"{at}/documents")
    for place, baseline in enumerate(indicator.baselines):
        yield from _faults_of_value(indicator.measure, baseline, f"{at}/baselines/{place}")
    for number, period in enumerate(indicator.periods):
        for place, target in enumerate(period.targets):
            yield from _faults_of_value(indicator.measure, target, f"{at}/periods/{number}/targets/{place}")
        for place, actual in enumerate(period.actuals):
            yield from faults_of_actual(indicator.measure, actual, f"{at}/periods/{number}/actuals/{place}")


def _faults_of_value(measure: str, measured: Measurement, at: str) -> Iterator[tuple[str, str, str]]:
    yield from faults_of_documents(measured.documents, f"{at}/documents")
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
