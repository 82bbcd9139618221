from decimal import Decimal

import pytest

from shared.figures.delivery import (
    DISBURSEMENT_AND_EXPENDITURE,
    EXPENDITURE_ONLY,
    STAGES_OF,
    Ratio,
    delivery_rate,
)


def test_the_rate_keeps_its_parts_and_its_convention():
    made = delivery_rate(Decimal(80), Decimal(100), convention=EXPENDITURE_ONLY)
    assert made == Ratio(Decimal(80), Decimal(100), Decimal("0.8"), "expenditure")


@pytest.mark.parametrize(
    ("expenditure", "allocation"), [("80", None), ("80", "0"), ("80", "-5"), (None, "100"), (None, None)]
)
def test_no_allocation_or_no_report_is_no_rate(expenditure: str | None, allocation: str | None):
    parts = [None if part is None else Decimal(part) for part in (expenditure, allocation)]
    assert delivery_rate(*parts) is None


def test_nothing_spent_is_a_rate_of_zero():
    made = delivery_rate(Decimal(0), Decimal(100))
    assert made is not None
    assert (made.ratio, made.convention) == (0, DISBURSEMENT_AND_EXPENDITURE)


def test_a_rate_is_not_clipped():
    assert [delivery_rate(Decimal(n), Decimal(100)).ratio for n in (150, -20)] == [
        Decimal("1.5"),
        Decimal("-0.2"),
    ]


def test_the_two_conventions_by_name():
    assert {
        "expenditure": {"expenditure"},
        "disbursement-and-expenditure": {"disbursement", "expenditure"},
    } == STAGES_OF
