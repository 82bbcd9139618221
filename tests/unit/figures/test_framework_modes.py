from datetime import date
from decimal import Decimal

import pytest

from shared.contracts.monitoring.v1 import (
    Baseline,
    Dimension,
    Indicator,
    Measurement,
    Period,
    Result,
    ResultsFramework,
)
from shared.figures.framework import IndicatorFigures, framework_figures
from shared.figures.readings import read_number

ON = date(2026, 1, 1)


def told(
    raw: str | None, numerator: str | None = None, denominator: str | None = None, **sides: str
) -> Measurement:
    return Measurement(
        value=None if raw is None else read_number(raw),
        numerator=None if numerator is None else Decimal(numerator),
        denominator=None if denominator is None else Decimal(denominator),
        dimensions=tuple(Dimension(name=name, value=value) for name, value in sides.items()),
    )


def period(year: int, targets: list[Measurement], actuals: list[Measurement]) -> Period:
    return Period(
        start=date(year, 1, 1), end=date(year, 12, 31), targets=tuple(targets), actuals=tuple(actuals)
    )


def plain(year: int, target: str | None, actual: str | None) -> Period:
    return period(year, [told(target)], [told(actual)])


def figure(*periods: Period, base: Baseline | None = None, **fields: object) -> IndicatorFigures:
    baselines = (base or Baseline(value=read_number("0"), year=2022),)
    indicator = Indicator(**{"measure": "1", "baselines": baselines, "periods": periods, **fields})
    framework = ResultsFramework(iati_identifier="X-1", results=(Result(type="1", indicators=(indicator,)),))
    return framework_figures(framework, on=ON).results[0].indicators[0]


YEARS = (plain(2023, "20", "15"), plain(2024, "50", "25"), plain(2025, "100", None))


@pytest.mark.parametrize(
    ("mode", "target", "actual", "first"),
    [
        ("periodic", 170, 40, 2023),
        ("summing-cumulative", 100, 40, 2023),
        ("latest", 100, 25, 2024),
        (None, 100, 25, 2024),
    ],
)
def test_the_mode_of_an_indicator_tells_its_figure(mode: str | None, target: int, actual: int, first: int):
    made = figure(*YEARS, over_time=mode)
    assert (made.progress.target, made.progress.actual) == (target, actual)
    assert made.actual_period == (date(first, 1, 1), date(2024, 12, 31))


def test_a_period_of_a_summing_series_is_measured_by_what_was_added_up_to_its_end():
    made = figure(*YEARS, over_time="summing-cumulative")
    assert [p.progress.actual for p in made.periods] == [15, 40, None]
    assert [p.progress.progress for p in made.periods] == [Decimal("0.75"), Decimal("0.8"), None]
    periodic = figure(*YEARS, over_time="periodic")
    assert [p.progress.actual for p in periodic.periods] == [15, 25, None]


def test_a_future_period_is_in_no_sum():
    made = figure(plain(2025, "10", "4"), plain(2027, "10", "9"), over_time="periodic")
    assert (made.progress.target, made.progress.actual) == (20, 4)
    alone = figure(plain(2027, "10", "9"), over_time="periodic")
    assert alone.progress.flags == ("actual-in-future",)


def test_a_sum_with_an_unreadable_part_is_unknown():
    made = figure(
        plain(2024, "10", "17,000"), plain(2025, "10", "4"), plain(2027, "1", "1"), over_time="periodic"
    )
    assert (made.progress.target, made.progress.actual) == (21, None)
    assert made.progress.flags == ("actual-unreadable",)


def test_periods_within_one_another_are_flagged():
    quarter = Period(
        start=date(2025, 1, 1), end=date(2025, 3, 31), targets=(told("1"),), actuals=(told("1"),)
    )
    made = figure(plain(2025, "10", "4"), quarter, over_time="periodic")
    assert made.progress.flags == ("target-periods-overlap", "actual-periods-overlap")


def test_scores_are_not_added_up_whatever_the_mode():
    assert figure(*YEARS, over_time="periodic", measure="4").progress.actual == 25


def percentages(*periods: Period, base: Baseline | None = None, **fields: object) -> IndicatorFigures:
    return figure(*periods, base=base, measure="2", **fields)


def test_a_percentage_is_its_numerator_over_its_denominator():
    base = Baseline(value=read_number("10"), year=2022)
    made = percentages(period(2025, [told("50")], [told(None, "15", "50")]), base=base)
    assert (made.progress.actual, made.progress.progress, made.reported) == (30, Decimal("0.5"), True)
    rounded = percentages(period(2025, [told("50")], [told("33", "1", "4")]), base=base)
    assert rounded.progress.actual == 25


def test_a_percentage_is_compared_on_the_scale_it_is_published_on():
    base = Baseline(value=read_number("0.1"), numerator=Decimal(10), denominator=Decimal(100), year=2022)
    made = percentages(period(2025, [told("0.5")], [told(None, "15", "50")]), base=base)
    assert (made.progress.actual, made.progress.progress) == (Decimal("0.3"), Decimal("0.5"))
    assert made.baseline_year == 2022


def test_a_percentage_of_nothing_is_unknown():
    made = percentages(period(2025, [told("50")], [told(None, "0", "0")]))
    assert (made.progress.actual, made.progress.flags) == (None, ("actual-denominator-zero",))


def test_percentages_over_time_are_pooled():
    made = percentages(
        period(2024, [told(None, "1", "2")], [told(None, "15", "100")]),
        period(2025, [told(None, "1", "2")], [told("30", "15", "50"), told("30", "15", "50")]),
        over_time="periodic",
    )
    assert (made.progress.target, made.progress.actual) == (50, 20)


def test_percentages_without_parts_are_not_added_up():
    made = percentages(plain(2024, "50", "15"), plain(2025, "50", "30"), over_time="periodic")
    assert (made.progress.actual, made.progress.target) == (None, None)
    assert made.progress.flags == ("target-without-fraction", "actual-without-fraction")


def test_numerators_of_other_measures_say_nothing():
    assert figure(period(2025, [told("50")], [told("30", "1", "4")])).progress.actual == 30
    assert not figure(period(2025, [told("50")], [told(None, "1", "4")])).reported


def test_every_period_tells_whether_its_parts_agree():
    made = figure(
        period(
            2025,
            [told("50"), told("60", sex="female")],
            [told("50"), told("30", sex="female"), told("20", sex="male"), told("4", age="old")],
        )
    ).periods[0]
    assert [(c.dimension, c.agreement) for c in made.target_dimensions] == [("sex", "overlapping")]
    assert [(c.dimension, c.agreement) for c in made.actual_dimensions] == [
        ("age", "incomplete"),
        ("sex", "complete"),
    ]
