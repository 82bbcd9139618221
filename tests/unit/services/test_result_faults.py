"""What an author may not write of results, and the values of percentages that follow from what they are made of."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.monitoring.domain import ActualReport, ReportRefused, as_read, report_actual, with_readings
from services.monitoring.faults import faults_of_actual, faults_of_framework
from shared.contracts.iati import Document
from shared.contracts.monitoring.v1 import Baseline, Indicator, Measurement, Period, Result, ResultsFramework
from shared.figures.readings import read_number

UNIT, PERCENTAGE, NOMINAL, ORDINAL, QUALITATIVE = "12345"
AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=6)


def measured(value: str | None = None, above: str | None = None, below: str | None = None) -> Measurement:
    return Measurement(
        value=None if value is None else read_number(value),
        numerator=None if above is None else Decimal(above),
        denominator=None if below is None else Decimal(below),
    )


def framework(measure: str, **parts: Measurement) -> ResultsFramework:
    """Return a framework with a target, an actual or both, and a baseline."""
    baseline = parts.get("baseline", Measurement())
    period = Period(
        start="2025-01-01",
        end="2025-12-31",
        targets=(parts.get("target", Measurement()),),
        actuals=(parts.get("actual", Measurement()),),
    )
    indicator = Indicator(
        measure=measure, baselines=(Baseline(year=2024, **dict(baseline)),), periods=(period, period)
    )
    return ResultsFramework(iati_identifier="X-1", results=(Result(type="1", indicators=(indicator,)),))


def told(faults) -> list[tuple[str, str]]:
    return [(pointer, code) for pointer, code, _ in faults]


@pytest.mark.parametrize(
    ("measure", "actual", "faults"),
    [
        (UNIT, measured("12"), []),
        (UNIT, measured("1,200,000"), []),
        (UNIT, measured(), []),
        (UNIT, measured("many"), [("/value/raw", "not-a-number")]),
        (UNIT, measured(""), [("/value/raw", "not-a-number")]),
        (UNIT, measured("17,000"), [("/value/raw", "not-a-number")]),
        (UNIT, measured("1", "1", None), [("/numerator", "numerator-without-percentage")]),
        (
            UNIT,
            measured(None, "1", "2"),
            [
                ("/numerator", "numerator-without-percentage"),
                ("/denominator", "numerator-without-percentage"),
            ],
        ),
        (PERCENTAGE, measured(), []),
        (PERCENTAGE, measured(None, "15", "50"), []),
        (PERCENTAGE, measured("30", "15", "50"), []),
        (PERCENTAGE, measured("30.00", "15", "50"), []),
        (PERCENTAGE, measured("33.3", "1", "3"), []),
        (PERCENTAGE, measured("33.4", "1", "3"), [("/value/raw", "percentage-mismatch")]),
        (PERCENTAGE, measured("6.2", "1", "16"), []),
        (PERCENTAGE, measured("6.3", "1", "16"), []),
        (PERCENTAGE, measured("6.4", "1", "16"), [("/value/raw", "percentage-mismatch")]),
        (PERCENTAGE, measured("0.3", "15", "50"), [("/value/raw", "percentage-mismatch")]),
        (PERCENTAGE, measured("0", "0", "50"), []),
        (PERCENTAGE, measured("30"), [("/denominator", "percentage-without-denominator")]),
        (PERCENTAGE, measured(None, "15"), [("/denominator", "percentage-without-denominator")]),
        (PERCENTAGE, measured("30", "15"), [("/denominator", "percentage-without-denominator")]),
        (PERCENTAGE, measured("30", None, "50"), [("/numerator", "percentage-without-denominator")]),
        (PERCENTAGE, measured(None, None, "50"), [("/numerator", "percentage-without-denominator")]),
        (PERCENTAGE, measured(None, "0", "0"), [("/denominator", "denominator-zero")]),
        (PERCENTAGE, measured("0", None, "0.0"), [("/denominator", "denominator-zero")]),
        (PERCENTAGE, measured("some", "15", "50"), [("/value/raw", "not-a-number")]),
        (
            PERCENTAGE,
            measured("some"),
            [("/value/raw", "not-a-number"), ("/denominator", "percentage-without-denominator")],
        ),
        (NOMINAL, measured("green"), []),
        (ORDINAL, measured("4"), []),
        (
            ORDINAL,
            measured("4", "4", "5"),
            [
                ("/numerator", "numerator-without-percentage"),
                ("/denominator", "numerator-without-percentage"),
            ],
        ),
        (QUALITATIVE, measured(), []),
        (QUALITATIVE, measured("4"), [("/value", "qualitative-value")]),
        (QUALITATIVE, measured("Good"), [("/value", "qualitative-value")]),
    ],
)
def test_an_actual_that_its_measure_does_not_allow(measure: str, actual: Measurement, faults: list):
    assert told(faults_of_actual(measure, actual, "")) == faults
    at = "/results/0/indicators/0/periods/0/actuals/0"
    in_place = told(faults_of_framework(framework(measure, actual=actual)))
    assert [fault for fault in in_place if fault[0].startswith(at)] == [(at + p, code) for p, code in faults]


@pytest.mark.parametrize(
    ("part", "at"),
    [("target", "periods/1/targets/0"), ("baseline", "baselines/0"), ("actual", "periods/1/actuals/0")],
)
def test_every_value_of_a_framework_is_looked_at(part: str, at: str):
    for measure, value, fault in (
        (QUALITATIVE, "Good", ("/value", "qualitative-value")),
        (UNIT, "many", ("/value/raw", "not-a-number")),
    ):
        faults = told(faults_of_framework(framework(measure, **{part: measured(value)})))
        assert (f"/results/0/indicators/0/{at}{fault[0]}", fault[1]) in faults


@pytest.mark.parametrize("part", ["target", "baseline"])
def test_only_actual_percentages_need_to_tell_what_they_are_of(part: str):
    assert not list(faults_of_framework(framework(PERCENTAGE, **{part: measured("30")})))
    halves = framework(PERCENTAGE, **{part: measured("30", "15")})
    assert {code for _, code in told(faults_of_framework(halves))} == {"percentage-without-denominator"}


@pytest.mark.parametrize(
    ("above", "below", "raw"),
    [
        ("15", "50", "30"),
        ("1", "3", "33.333333333333333333"),
        ("2", "3", "66.666666666666666667"),
        ("1", "1E-10", "1000000000000"),
        ("0", "7", "0"),
        ("-0", "7", "0"),
        ("-1", "8", "-12.5"),
        ("1E+19", "1", None),
        ("1", "0", None),
    ],
)
def test_a_percentage_without_value_gets_the_one_it_is_made_of(above: str, below: str, raw: str | None):
    made = as_read(measured(None, above, below), PERCENTAGE)
    assert made.value == (None if raw is None else read_number(raw))
    assert as_read(made, PERCENTAGE) is made


def test_a_value_is_made_of_percentages_only_and_replaces_none():
    assert as_read(measured(None, "15", "50"), UNIT).value is None
    assert as_read(measured("31", "15", "50"), PERCENTAGE).value == read_number("31")
    whole = with_readings(framework(PERCENTAGE, actual=measured(None, "15", "50")))
    assert whole.results[0].indicators[0].periods[1].actuals[0].value == read_number("30")


@given(AMOUNTS, AMOUNTS.filter(bool))
def test_what_is_made_is_never_refused(above: Decimal, below: Decimal):
    made = as_read(Measurement(numerator=above, denominator=below), PERCENTAGE)
    assert not list(faults_of_actual(PERCENTAGE, made, ""))


@pytest.mark.parametrize(
    ("measure", "actual", "faults"),
    [
        (PERCENTAGE, measured("30"), [("/actual/denominator", "percentage-without-denominator")]),
        (QUALITATIVE, measured("30"), [("/actual/value", "qualitative-value")]),
        (UNIT, measured("many"), [("/actual/value/raw", "not-a-number")]),
    ],
)
def test_a_report_is_held_to_the_same_rules(measure: str, actual: Measurement, faults: list):
    report = ActualReport(result=1, indicator=1, period=1, actual=actual)
    with pytest.raises(ReportRefused) as refused:
        report_actual(framework(measure), report)
    assert told(refused.value.faults) == faults


def test_a_report_of_a_percentage_has_its_value():
    report = ActualReport(result=1, indicator=1, period=1, actual=measured(None, "15", "50"))
    changed = report_actual(framework(PERCENTAGE), report)
    assert changed.results[0].indicators[0].periods[0].actuals[-1].value == read_number("30")


@pytest.mark.parametrize(
    ("url", "is_address"),
    [
        ("https://example.org/list.pdf", True),
        ("http://example.org:8080/a?b=c", True),
        ("HTTPS://EXAMPLE.ORG", True),
        ("ftp://example.org/list.pdf", False),
        ("example.org/list.pdf", False),
        ("https:///list.pdf", False),
        ("https://[::1", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_evidence_is_at_an_address_of_the_web(url, is_address):
    actual = measured("12").model_copy(update={"documents": (Document(url=url),)})
    found = told(faults_of_framework(framework(UNIT, actual=actual)))
    at = "/results/0/indicators/0/periods/{}/actuals/0/documents/0/url"
    assert found == ([] if is_address else [(at.format(place), "invalid-url") for place in (0, 1)])


def test_documents_of_results_and_indicators_are_on_the_web_too():
    named = {"documents": (Document(url="list.pdf"),)}
    whole = framework(UNIT)
    (result,) = whole.results
    indicators = tuple(each.model_copy(update=named) for each in result.indicators)
    result = result.model_copy(update={**named, "indicators": indicators})
    assert told(faults_of_framework(whole.model_copy(update={"results": (result,)}))) == [
        ("/results/0/documents/0/url", "invalid-url"),
        ("/results/0/indicators/0/documents/0/url", "invalid-url"),
    ]
