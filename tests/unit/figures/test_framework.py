from datetime import date
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.iati import Narrative
from shared.contracts.monitoring.v1 import (
    Baseline,
    Dimension,
    Indicator,
    Measurement,
    Period,
    Result,
    ResultsFramework,
)
from shared.figures.framework import Counts, FrameworkFigures, IndicatorFigures, framework_figures
from shared.figures.readings import read_number

ON = date(2026, 1, 1)
WOMEN = (Dimension(name="sex", value="female"),)
MEN = (Dimension(name="sex", value="male"),)


def value(raw: str | None, *, dimensions: tuple[Dimension, ...] = (), comment: str = "") -> Measurement:
    comments = (Narrative(text=comment),) if comment else ()
    reading = None if raw is None else read_number(raw)
    return Measurement(value=reading, dimensions=dimensions, comments=comments)


def baseline(raw: str, year: int = 2022, dimensions: tuple[Dimension, ...] = ()) -> Baseline:
    return Baseline(value=read_number(raw), year=year, dimensions=dimensions)


def period(year: int, target: str | None, actual: str | None, **parts: tuple[Measurement, ...]) -> Period:
    targets = () if target is None else (value(target),)
    actuals = () if actual is None else (value(actual),)
    given_parts = {"targets": targets, "actuals": actuals, **parts}
    return Period(start=date(year, 1, 1), end=date(year, 12, 31), **given_parts)


def indicator(*periods: Period, base: str | None = "0", **fields: object) -> Indicator:
    baselines = () if base is None else (baseline(base),)
    return Indicator(**{"measure": "1", "baselines": baselines, "periods": periods, **fields})


def figures(*indicators: Indicator, on: date = ON, result_type: str = "1") -> FrameworkFigures:
    result = Result(type=result_type, indicators=indicators)
    return framework_figures(ResultsFramework(iati_identifier="X-1", results=(result,)), on=on)


def figure(*periods: Period, on: date = ON, **fields: object) -> IndicatorFigures:
    return figures(indicator(*periods, **fields), on=on).results[0].indicators[0]


def test_the_latest_actual_is_measured_against_the_final_target():
    made = figure(period(2023, "20", "25"), period(2024, "50", "40"), period(2025, "100", None))
    assert (made.progress.target, made.progress.actual, made.progress.progress) == (100, 40, Decimal("0.4"))
    assert made.actual_period == (date(2024, 1, 1), date(2024, 12, 31))
    assert made.target_period == (date(2025, 1, 1), date(2025, 12, 31))
    assert [p.progress.progress for p in made.periods] == [Decimal("1.25"), Decimal("0.8"), None]


def test_what_is_expected_counts_up_to_the_end_of_the_reported_period():
    made = figure(period(2023, None, None), period(2024, None, "50"), period(2025, "100", None))
    share = (
        Decimal((date(2024, 12, 31) - date(2023, 1, 1)).days) / (date(2025, 12, 31) - date(2023, 1, 1)).days
    )
    assert made.progress.expected == share
    assert made.progress.on_track is False
    assert made.progress.flags == ("later-period-without-actual",)


def test_a_running_period_is_expected_up_to_the_day():
    made = figure(period(2025, "100", "45"), on=date(2025, 7, 2))
    assert made.progress.expected == Decimal(182) / Decimal(364)
    assert made.progress.on_track is True
    assert made.periods[0].stand == "running"
    assert (made.periods[0].progress.expected, made.periods[0].progress.on_track) == (None, None)


def test_an_ended_period_is_measured_against_its_whole_target():
    made = figure(period(2024, "100", "84"))
    assert (made.periods[0].progress.expected, made.periods[0].progress.on_track) == (1, False)


def test_nothing_is_carried_into_the_future():
    made = figure(period(2025, "50", "50"), period(2027, "100", None))
    assert made.periods[1].stand == "future"
    assert (made.periods[1].progress.actual, made.periods[1].progress.progress) == (None, None)
    assert made.periods[1].progress.flags == ("actual-missing",)


def test_an_actual_of_a_future_period_proves_nothing_yet():
    made = figure(period(2025, "50", "40"), period(2027, "100", "100"))
    assert (made.progress.actual, made.progress.progress) == (40, Decimal("0.4"))
    assert made.periods[1].progress.flags == ("actual-in-future",)
    assert figure(period(2027, "100", "100")).progress.flags == ("actual-in-future",)


def test_disaggregated_values_are_never_added_up():
    split = (value("30", dimensions=WOMEN), value("20", dimensions=MEN))
    made = figure(period(2025, "100", None, actuals=split))
    assert (made.progress.actual, made.progress.progress) == (None, None)
    assert made.progress.flags == ("actual-disaggregated-only",)
    assert made.reported


def test_the_value_without_dimensions_is_the_total():
    split = (value("30", dimensions=WOMEN), value("55"), value("20", dimensions=MEN))
    assert figure(period(2025, "100", None, actuals=split)).progress.actual == 55


def test_a_value_of_a_location_is_no_total():
    located = Measurement(value=read_number("9"), locations=("AF-KAN",))
    assert figure(period(2025, "100", None, actuals=(located,))).progress.actual is None


def test_two_totals_that_differ_are_ambiguous_and_two_that_agree_are_one():
    made = figure(period(2025, None, "10", targets=(value("20"), value("30"))))
    assert (made.progress.target, made.progress.flags) == (None, ("target-ambiguous",))
    assert figure(period(2025, None, "10", targets=(value("20"), value("20.0")))).progress.target == 20
    assert figure(period(2025, "20", "1"), period(2025, "20", "2")).progress.flags == ("actual-ambiguous",)


def test_an_unreadable_value_has_no_number_and_says_so():
    made = figure(period(2025, "£13,000,000", "NULL"))
    assert (made.progress.target, made.progress.actual) == (None, None)
    assert made.progress.flags == ("target-unreadable", "actual-unreadable")
    assert not made.reported


def test_only_a_baseline_that_is_not_there_may_be_zero():
    assert figure(period(2025, "10", "5"), base=None).progress.flags == ("baseline-assumed-zero",)
    assert figure(period(2025, "10", "5"), base=" ").progress.flags == ("baseline-assumed-zero",)
    unreadable = figure(period(2025, "10", "5"), base="30,6")
    assert (unreadable.progress.progress, unreadable.progress.flags) == (None, ("baseline-unreadable",))


def test_the_baseline_without_dimensions_is_chosen():
    baselines = (baseline("3", 2020, WOMEN), baseline("10", 2021), baseline("7", 2020, MEN))
    made = figure(period(2025, "20", "15"), baselines=baselines)
    assert (made.progress.baseline, made.baseline_year, made.progress.progress) == (10, 2021, Decimal("0.5"))


@pytest.mark.parametrize("measure", ["3", "4", "5"])
def test_scores_and_words_never_progress(measure: str):
    made = figure(period(2025, "4", "2"), measure=measure)
    assert (made.progress.progress, made.progress.state) == (None, None)
    assert figures(indicator(period(2025, "4", "2"), measure=measure)).counts.indicators_with_progress == 0


@pytest.mark.parametrize(
    ("measure", "actual", "reported"),
    [
        ("1", value("0"), True),
        ("1", value("n/a", comment="late"), False),
        ("1", value(None, comment="late"), False),
        ("5", value(None, comment="Law adopted"), True),
        ("5", value("Yes"), True),
        ("5", value(" ", comment=" "), False),
        ("4", value("2"), True),
    ],
)
def test_what_counts_as_reported(*, measure: str, actual: Measurement, reported: bool):
    assert figure(period(2025, "1", None, actuals=(actual,)), measure=measure).reported is reported


def test_counts_by_result_type():
    output = Result(
        type="1",
        indicators=(
            indicator(period(2024, "10", "10"), period(2025, "1,200,000", "")),
            indicator(
                period(2025, "NULL", None, actuals=(value("1", dimensions=WOMEN), value("17,000"))), base=None
            ),
        ),
    )
    outcome = Result(type="2", indicators=(indicator(period(2025, "10", "10")),))
    framework = ResultsFramework(iati_identifier="X-1", results=(output, outcome, output))
    made = framework_figures(framework, on=ON)
    assert made.by_result_type == {
        "1": Counts(
            results=2,
            indicators=4,
            indicators_reported=4,
            indicators_with_progress=2,
            periods=6,
            baselines=2,
            targets=6,
            actuals=8,
            values_unreadable=4,
            values_blank=2,
            values_grouped=2,
        ),
        "2": Counts(
            results=1,
            indicators=1,
            indicators_reported=1,
            indicators_with_progress=1,
            indicators_on_track=1,
            periods=1,
            baselines=1,
            targets=1,
            actuals=1,
        ),
    }
    assert (made.counts.results, made.counts.indicators, made.counts.actuals) == (3, 5, 9)


def test_an_empty_framework_has_zero_of_all():
    made = framework_figures(ResultsFramework(iati_identifier="X-1"), on=ON)
    assert (made.counts, made.by_result_type, made.results) == (Counts(), {}, ())


VALUES = st.sampled_from(["0", "10", "25.5", "NULL", "", "1,200,000", "17,000"])
PERIODS = st.lists(st.builds(period, st.integers(2020, 2028), VALUES, VALUES), max_size=5)


@given(PERIODS, st.sampled_from(["0", "5", "x", None]), st.randoms())
def test_order_of_periods_changes_no_figure(periods: list[Period], base: str | None, random: Random):
    shuffled = list(periods)
    random.shuffle(shuffled)
    one, other = figures(indicator(*periods, base=base)), figures(indicator(*shuffled, base=base))
    assert one.counts == other.counts
    progress, other_progress = one.results[0].indicators[0].progress, other.results[0].indicators[0].progress
    assert (progress.target, progress.actual, progress.progress) == (
        other_progress.target,
        other_progress.actual,
        other_progress.progress,
    )
    assert (progress.state, progress.expected, progress.on_track) == (
        other_progress.state,
        other_progress.expected,
        other_progress.on_track,
    )
