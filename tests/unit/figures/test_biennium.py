from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.figures.biennium import Biennium, biennium_of, by_biennium, days_by_biennium


@pytest.mark.parametrize(
    ("on", "label"),
    [
        (2024, "2024-25"),
        (2025, "2024-25"),
        (date(2025, 12, 31), "2024-25"),
        (date(2026, 1, 1), "2026-27"),
        (1999, "1998-99"),
        (2000, "2000-01"),
    ],
)
def test_bienniums_start_in_even_years(on: date | int, label: str):
    assert biennium_of(on).label == label


def test_a_biennium_has_two_years():
    made = Biennium(2024)
    assert (made.start, made.end) == (date(2024, 1, 1), date(2025, 12, 31))
    assert Biennium(2022) < made


def test_days_fall_within_bienniums():
    assert days_by_biennium(date(2025, 12, 31), date(2026, 1, 2)) == (
        (Biennium(2024), 1),
        (Biennium(2026), 2),
    )
    assert days_by_biennium(date(2024, 1, 1), date(2025, 12, 31)) == ((Biennium(2024), 731),)
    assert days_by_biennium(date(2026, 1, 1), date(2025, 1, 1)) == ()


def test_an_amount_is_divided_by_days():
    made = by_biennium(Decimal(1000), date(2025, 12, 30), date(2026, 1, 1), places=0)
    assert made == ((Biennium(2024), Decimal(667)), (Biennium(2026), Decimal(333)))
    assert by_biennium(Decimal(9), date(2025, 1, 1), date(2025, 1, 2), places=2) == (
        (Biennium(2024), Decimal(9)),
    )
    assert by_biennium(Decimal(9), date(2026, 1, 1), date(2025, 1, 1), places=2) == ()


def test_the_first_year_of_all_has_no_year_before():
    assert by_biennium(Decimal(9), date.min, date(1, 12, 31), places=0) == ((Biennium(0), Decimal(9)),)
    assert sum(days for _, days in days_by_biennium(date.min, date.max)) == (date.max - date.min).days + 1


DAYS = st.dates(date(2015, 1, 1), date(2035, 12, 31))


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2), DAYS, DAYS)
def test_parts_add_up(amount: Decimal, one: date, other: date):
    start, end = sorted((one, other))
    assert sum(part for _, part in by_biennium(amount, start, end, places=2)) == amount
    assert sum(days for _, days in days_by_biennium(start, end)) == (end - start).days + 1
