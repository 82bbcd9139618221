from datetime import date, datetime
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.figures.over_time import OverTime, PeriodValue, Update, by_period, of_sources, over_life

FIRST, SECOND, THIRD = 2023, 2024, 2025


def value(year: int, text: str | None, *, reported: bool | None = None) -> PeriodValue:
    number = None if text is None else Decimal(text)
    told = number is not None if reported is None else reported
    return PeriodValue(date(year, 1, 1), date(year, 12, 31), number, told)


def update(
    source: str, year: int, text: str | None, *, approved: bool = True, on: str = "2025-01-01"
) -> Update:
    number = None if text is None else Decimal(text)
    return Update(
        source, date(year, 1, 1), date(year, 12, 31), number, approved, datetime.fromisoformat(f"{on}T00:00Z")
    )


@pytest.mark.parametrize(
    ("mode", "role", "life"),
    [
        ("periodic", "actual", 60),
        ("periodic", "target", 60),
        ("summing-cumulative", "actual", 60),
        ("summing-cumulative", "target", 30),
        ("latest", "actual", 30),
        ("latest", "target", 30),
        (None, "actual", 30),
        (None, "target", 30),
    ],
)
def test_the_mode_tells_how_periods_belong_together(mode: str | None, role: str, life: int):
    values = [value(SECOND, "20"), value(THIRD, "30"), value(FIRST, "10")]
    assert over_life(values, mode, role).value == life


def test_the_period_of_a_sum_is_all_of_it_and_of_the_latest_its_own():
    values = [value(FIRST, "10"), value(SECOND, "20"), value(THIRD, None)]
    assert over_life(values, "periodic", "actual").period == (date(2023, 1, 1), date(2024, 12, 31))
    assert over_life(values, "latest", "actual").period == (date(2024, 1, 1), date(2024, 12, 31))


@pytest.mark.parametrize("mode", ["periodic", "summing-cumulative", "latest", None])
def test_nothing_reported_is_nothing_and_zero_is_zero(mode: str | None):
    assert over_life([value(FIRST, None)], mode, "actual") == OverTime(None)
    assert over_life([], mode, "actual") == OverTime(None)
    assert over_life([value(FIRST, "0")], mode, "actual").value == 0


def test_a_sum_with_an_unreadable_part_is_unknown():
    values = [value(FIRST, "10"), value(SECOND, None, reported=True)]
    assert over_life(values, "periodic", "actual") == OverTime(None, None, "unreadable")
    assert over_life(values, "latest", "actual").value == 10


def test_one_period_has_one_value():
    twice, differing = [value(FIRST, "10"), value(FIRST, "10.0")], [value(FIRST, "10"), value(FIRST, "11")]
    assert [over_life(twice, mode, "actual").value for mode in ("periodic", "latest")] == [10, 10]
    faults = [over_life(differing, mode, "actual").fault for mode in ("periodic", "latest")]
    assert faults == ["ambiguous", "ambiguous"]


def test_periods_within_one_another_are_not_added_up():
    quarter = PeriodValue(date(2023, 1, 1), date(2023, 3, 31), Decimal(4))
    assert over_life([value(FIRST, "10"), quarter], "periodic", "actual").fault == "periods-overlap"
    touching = PeriodValue(date(2023, 12, 31), date(2024, 6, 30), Decimal(4))
    assert over_life([value(FIRST, "10"), touching], "periodic", "actual").value == 14


def test_a_late_update_of_an_earlier_period_changes_no_later_one():
    updates = [update("A", SECOND, "50", on="2025-01-10"), update("A", FIRST, "20", on="2025-06-01")]
    assert [v.value for v in by_period(updates, "latest")] == [20, 50]
    assert of_sources(updates, "latest").value == 50


def test_nothing_is_carried_into_a_period_without_updates():
    updates = [update("A", FIRST, "20"), update("A", SECOND, "30", approved=False)]
    assert by_period(updates, "latest") == (value(FIRST, "20"),)


def test_only_approved_updates_count():
    updates = [update("A", FIRST, "20"), update("A", FIRST, "90", approved=False, on="2025-02-01")]
    assert [v.value for v in by_period(updates, "periodic")] == [20]
    assert [v.value for v in by_period(updates, "latest")] == [20]
    assert of_sources(updates[1:], "latest") == OverTime(None)


def test_a_source_counts_once_in_a_cumulative_series_and_sources_are_added_up():
    updates = [
        update("A", FIRST, "20", on="2025-01-01"),
        update("A", FIRST, "25", on="2025-02-01"),
        update("B", FIRST, "5"),
    ]
    assert [v.value for v in by_period(updates, "latest")] == [30]
    assert [v.value for v in by_period(updates, "periodic")] == [50]
    assert [v.value for v in by_period(updates, "summing-cumulative")] == [50]


def test_a_source_that_is_late_is_not_lost_from_the_whole():
    updates = [update("A", FIRST, "10"), update("B", FIRST, "5"), update("A", SECOND, "12")]
    assert [v.value for v in by_period(updates, "latest")] == [15, 12]
    assert of_sources(updates, "latest") == OverTime(Decimal(17), (date(2023, 1, 1), date(2024, 12, 31)))


def test_what_a_source_cannot_tell_leaves_the_whole_unknown():
    updates = [update("A", FIRST, "10"), update("B", FIRST, None), update("C", FIRST, None, approved=False)]
    assert by_period(updates, "periodic") == (value(FIRST, None, reported=True),)
    assert of_sources(updates, "periodic") == OverTime(None, None, "unreadable")


UPDATES = st.lists(
    st.builds(
        update,
        st.sampled_from("AB"),
        st.sampled_from([FIRST, SECOND]),
        st.integers(-9, 9).map(str),
        approved=st.booleans(),
        on=st.dates(date(2025, 1, 1), date(2025, 12, 31)).map(str),
    ),
    max_size=6,
    unique_by=lambda made: made.moment,
)


@given(UPDATES, st.sampled_from(["periodic", "summing-cumulative", "latest", None]), st.randoms())
def test_order_of_entry_changes_nothing(updates: list[Update], mode: str | None, random: Random):
    shuffled = list(updates)
    random.shuffle(shuffled)
    assert by_period(shuffled, mode) == by_period(updates, mode)
    assert of_sources(shuffled, mode) == of_sources(updates, mode)
