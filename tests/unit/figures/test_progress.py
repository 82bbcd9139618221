from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.figures.progress import (
    RSR_BAND,
    TOLA_BAND,
    Band,
    GradedBand,
    OnTrackBand,
    Progress,
    expected_progress,
    indicator_progress,
)

NUMBERS = st.decimals(min_value=-(10**12), max_value=10**12, places=3)


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def progress_of(
    baseline: str | None,
    target: str | None,
    actual: str | None,
    *,
    ascending: bool = True,
    measure: str = "1",
) -> Progress:
    return indicator_progress(
        number(baseline), number(target), number(actual), ascending=ascending, measure=measure
    )


@pytest.mark.parametrize(
    ("baseline", "target", "actual", "ascending", "progress", "state"),
    [
        ("0", "100", "75", True, "0.75", "progressing"),
        ("100", "20", "40", False, "0.75", "progressing"),
        ("50", "100", "40", True, "-0.20", "regressed"),
        ("200", "0", "50", False, "0.75", "progressing"),
        ("10", "10", "10", True, None, "maintained"),
        ("10", "10", "9", True, None, "missed"),
        ("10", "10", "9", False, None, "maintained"),
        ("10", "10", "11", False, None, "missed"),
        ("0", "100", "0", True, "0", "unchanged"),
        ("0", "100", None, True, None, None),
        ("0", "100", "100", True, "1", "achieved"),
        ("0", "100", "150", True, "1.5", "achieved"),
        ("100", "20", "10", False, "1.125", "achieved"),
        ("100", "20", "120", False, "-0.25", "regressed"),
    ],
)
def test_progress_runs_from_baseline_to_target(
    *,
    baseline: str,
    target: str,
    actual: str | None,
    ascending: bool,
    progress: str | None,
    state: str | None,
):
    figure = progress_of(baseline, target, actual, ascending=ascending)
    assert (figure.progress, figure.state) == (number(progress), state)


def test_zero_reported_is_not_missing():
    assert progress_of("0", "100", "0").progress == 0
    assert progress_of("0", "100", "0").flags == ()
    assert progress_of("0", "100", None).flags == ("actual-missing",)


def test_a_missing_baseline_is_zero_for_ascending_units_and_says_so():
    figure = progress_of(None, "50", "20")
    assert (figure.baseline, figure.progress, figure.flags) == (
        None,
        Decimal("0.4"),
        ("baseline-assumed-zero",),
    )


@pytest.mark.parametrize(("ascending", "measure"), [(False, "1"), (True, "2")])
def test_no_other_missing_baseline_is_made_up(ascending: bool, measure: str):
    figure = progress_of(None, "50", "20", ascending=ascending, measure=measure)
    assert (figure.progress, figure.state, figure.flags) == (None, None, ("baseline-missing",))


@pytest.mark.parametrize("measure", ["3", "4", "5", "TEXT", ""])
def test_only_units_and_percentages_progress(measure: str):
    figure = progress_of("0", "4", "2", measure=measure)
    assert (figure.progress, figure.achievement, figure.flags) == (None, None, ("measure-without-progress",))
    assert (figure.baseline, figure.target, figure.actual) == (Decimal(0), Decimal(4), Decimal(2))


def test_percentages_are_compared_on_one_scale():
    assert progress_of("10", "50", "30", measure="2").progress == Decimal("0.5")


def test_achievement_stands_beside_progress():
    figure = progress_of("100", "20", "40", ascending=False)
    assert (figure.progress, figure.achievement) == (Decimal("0.75"), Decimal(2))
    assert progress_of("200", "0", "50", ascending=False).achievement is None
    assert progress_of(None, "80", "20", ascending=False).achievement == Decimal("0.25")


def test_a_target_against_the_direction_is_flagged_and_still_computed():
    figure = progress_of("100", "20", "40", ascending=True)
    assert (figure.progress, figure.flags) == (Decimal("0.75"), ("target-against-direction",))


@pytest.mark.parametrize(
    ("actual", "expected", "on_track"),
    [
        ("85", "1", True),
        ("84.9", "1", False),
        ("43", "0.5", True),
        ("42", "0.5", False),
        ("0", "0", True),
        ("-1", "0", False),
    ],
)
def test_on_track_is_85_percent_of_what_is_expected(actual: str, expected: str, on_track: bool):
    figure = indicator_progress(
        Decimal(0), Decimal(100), Decimal(actual), ascending=True, measure="1", expected=Decimal(expected)
    )
    assert (figure.expected, figure.on_track) == (Decimal(expected), on_track)


def test_the_band_is_configurable_and_needs_an_expectation():
    strict = OnTrackBand(tolerance=Decimal(0))
    figure = indicator_progress(
        Decimal(0), Decimal(100), Decimal(99), ascending=True, measure="1", expected=Decimal(1), band=strict
    )
    assert figure.on_track is False
    assert progress_of("0", "100", "99").on_track is None


@pytest.mark.parametrize(
    ("band", "actual", "grade", "on_track"),
    [
        (OnTrackBand(), "42", "behind", False),
        (OnTrackBand(), "43", "on-track", True),
        (OnTrackBand(), "500", "on-track", True),
        (TOLA_BAND, "42", "behind", False),
        (TOLA_BAND, "57.5", "on-track", True),
        (TOLA_BAND, "58", "ahead", False),
        (RSR_BAND, "24", "low", False),
        (RSR_BAND, "25", "medium", False),
        (RSR_BAND, "42.5", "high", True),
        (RSR_BAND, "500", "high", True),
        (GradedBand(on_track_from="medium"), "25", "medium", True),
    ],
)
def test_every_convention_is_judged_against_what_is_expected(
    *, band: Band, actual: str, grade: str, on_track: bool
):
    figure = indicator_progress(
        Decimal(0),
        Decimal(100),
        Decimal(actual),
        ascending=True,
        measure="1",
        expected=Decimal("0.5"),
        band=band,
    )
    assert (figure.grade, figure.on_track) == (grade, on_track)


def test_without_expectation_or_progress_there_is_no_grade():
    assert progress_of("0", "100", "99").grade is None
    maintained = indicator_progress(
        Decimal(1), Decimal(1), Decimal(1), ascending=True, measure="1", expected=Decimal(1)
    )
    assert (maintained.grade, maintained.on_track) == (None, True)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("2023-06-01", "0"),
        ("2024-01-01", "0"),
        ("2024-07-02", "0.5"),
        ("2025-01-01", "1"),
        ("2030-01-01", "1"),
    ],
)
def test_progress_is_expected_in_step_with_time(on: str, expected: str):
    assert expected_progress(date(2024, 1, 1), date(2025, 1, 1), date.fromisoformat(on)) == Decimal(expected)


def test_nothing_is_expected_of_a_period_that_ends_before_it_starts():
    assert expected_progress(date(2025, 1, 1), date(2024, 1, 1), date(2024, 6, 1)) is None
    assert expected_progress(date(2025, 1, 1), date(2025, 1, 1), date(2025, 1, 1)) == 1


@given(NUMBERS, NUMBERS, NUMBERS)
def test_direction_changes_no_progress(baseline: Decimal, target: Decimal, actual: Decimal):
    up = indicator_progress(baseline, target, actual, ascending=True, measure="1")
    down = indicator_progress(baseline, target, actual, ascending=False, measure="1")
    mirrored = indicator_progress(-baseline, -target, -actual, ascending=False, measure="1")
    assert up.progress == down.progress == mirrored.progress
    assert up.state == mirrored.state
    assert (up.progress is None) == (baseline == target)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_state_agrees_with_progress(baseline: Decimal, target: Decimal, actual: Decimal):
    figure = indicator_progress(baseline, target, actual, ascending=True, measure="1")
    if figure.progress is None:
        assert figure.state in {"maintained", "missed"}
    elif figure.progress < 0:
        assert figure.state == "regressed"
    else:
        assert figure.state in {"unchanged", "progressing", "achieved"}
        assert (figure.progress == 0) == (figure.state == "unchanged")
