"""What indicators of projects come to for an outcome, with what is left out and why."""

from datetime import date
from decimal import Decimal

import pytest

from shared.contracts.iati import Reading
from shared.contracts.monitoring.v1 import (
    Indicator,
    IndicatorLink,
    Measurement,
    OutcomeFramework,
    OutcomeIndicator,
    Period,
    ProgrammeFramework,
    Result,
    ResultsFramework,
)
from shared.figures.contributed import activities_of, latest_actual, programme_figures, rolled_figure

ON = date(2026, 1, 1)


def value(raw: str, pair: tuple[int, int] | None = None) -> Measurement:
    number = Decimal(raw) if raw.replace(".", "").isdigit() else None
    reading = Reading(raw=raw, number=number, reading="plain" if number is not None else "unreadable")
    numerator, denominator = pair or (None, None)
    return Measurement(value=reading, numerator=numerator, denominator=denominator)


def indicator(*actuals: Measurement | None, measure: str = "1", **members) -> Indicator:
    periods = tuple(
        Period(
            start=date(2024 + place, 1, 1),
            end=date(2024 + place, 12, 31),
            actuals=() if each is None else (each,),
        )
        for place, each in enumerate(actuals)
    )
    return Indicator(measure=measure, periods=periods, **members)


def framework(name: str, *indicators: Indicator, **members) -> ResultsFramework:
    return ResultsFramework(
        iati_identifier=name, results=(Result(type="1", indicators=indicators, **members),)
    )


def link(name: str, indicator: int = 1, **members) -> IndicatorLink:
    return IndicatorLink(iati_identifier=name, result=1, indicator=indicator, **members)


def rolled(operator, links, *frameworks, measure="1"):
    asked = OutcomeIndicator(
        code="1", indicator=Indicator(measure=measure), operator=operator, inputs=tuple(links)
    )
    made = rolled_figure(asked, {each.iati_identifier: each for each in frameworks}, on=ON)
    assert made is not None
    return made


def test_a_linked_indicator_counts_once_however_often_it_is_linked():
    made = rolled(
        "sum", [link("A"), link("A"), link("B")], *(framework(n, indicator(value("4"))) for n in "AB")
    )
    assert made.value == 8
    assert made.whole
    assert [each.link.iati_identifier for each in made.inputs] == ["A", "B"]


def test_what_is_not_known_or_not_reported_is_told_and_leaves_the_figure_incomplete():
    made = rolled(
        "sum",
        [link("A"), link("B"), link("C"), link("A", 2)],
        framework("A", indicator(value("4"))),
        framework("B", indicator(None)),
    )
    assert made.value == 4
    assert not made.whole
    assert [each.reason for each in made.inputs] == [
        None,
        "not-reported",
        "unknown-framework",
        "unknown-indicator",
    ]


def test_what_somebody_chose_to_leave_out_leaves_the_figure_whole():
    made = rolled(
        "sum",
        [link("A"), link("B", counts=False), link("C"), link("D", counts=False)],
        framework("A", indicator(value("4"), aggregation_status=True), aggregation_status=False),
        framework("B", indicator(value("9"))),
        framework("C", indicator(value("9")), aggregation_status=False),
    )
    assert made.value == 4
    assert made.whole
    assert [each.reason for each in made.inputs[1:]] == [
        "link-opted-out",
        "child-opted-out",
        "unknown-framework",
    ]


def test_percentages_are_added_up_by_their_parts():
    shares = framework("A", indicator(value("0.15", (15, 100)), measure="2"))
    percents = framework("B", indicator(value("30", (15, 50)), measure="2"))
    made = rolled("mean", [link("A"), link("B")], shares, percents, measure="2")
    assert made.value == 20
    assert (made.numerator, made.denominator) == (30, 150)
    highest = rolled("max", [link("A"), link("B")], shares, percents, measure="2")
    assert highest.value == 30
    assert [each.value for each in highest.inputs] == [15, 30]
    assert rolled("ratio", [link("A"), link("B")], shares, percents, measure="2").value == Decimal("0.2")


@pytest.mark.parametrize(
    ("mode", "number", "pair"),
    [("latest", 30, (15, 50)), ("periodic", 20, (30, 150))],
)
def test_a_percentage_over_time_tells_what_it_was_made_of(mode, number, pair):
    made, as_of = latest_actual(
        indicator(value("15", (15, 100)), value("30", (15, 50)), measure="2", over_time=mode), ON
    )
    assert made.number == number
    assert made.pair == pair
    assert as_of == date(2025, 12, 31)


def test_what_is_still_to_come_proves_nothing():
    made, as_of = latest_actual(indicator(value("4"), value("5"), value("6")), date(2025, 6, 1))
    assert made.number == 5
    assert as_of == date(2025, 12, 31)


def test_figures_are_in_the_order_of_the_framework_and_without_operator_nothing_is_rolled_up():
    asked = ProgrammeFramework(
        level="programme-budget",
        programme="2024-25",
        outcomes=(
            OutcomeFramework(
                code="2",
                indicators=(
                    OutcomeIndicator(code="2.1", indicator=indicator(value("7")), inputs=(link("A"),)),
                    OutcomeIndicator(
                        code="2.2", indicator=indicator(), operator="sum", inputs=(link("B"), link("A"))
                    ),
                ),
            ),
            OutcomeFramework(code="1", indicators=(OutcomeIndicator(code="1.1", indicator=indicator()),)),
        ),
    )
    figures = programme_figures(asked, {}, on=ON)
    assert [(each.outcome, each.indicator.code) for each in figures] == [
        ("2", "2.1"),
        ("2", "2.2"),
        ("1", "1.1"),
    ]
    assert figures[0].own.progress.actual == 7
    assert figures[0].rolled_up is None
    assert figures[1].rolled_up is not None
    assert figures[1].rolled_up.value is None
    assert activities_of(asked) == ("A", "B")
