"""What an activity delivers of a year's budget, and what is expected of it on a day."""

from datetime import date
from decimal import Decimal

import pytest

from shared.contracts.funding.v1 import ActivityFinance
from shared.figures.delivery import EXPENDITURE_ONLY, expected_delivery, year_delivery
from shared.figures.rates import Rate, RateTable

TABLE = RateTable([Rate("ECB", "ecb-daily", "EUR", "USD", date(2026, 3, 2), Decimal("1.2"))])


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2025, 12, 1), None),
        (date(2026, 1, 1), None),
        (date(2026, 3, 31), None),
        (date(2026, 4, 3), "0.20164383561643835616438356168"),
        (date(2027, 1, 1), "0.8"),
        (date(2028, 6, 1), "0.8"),
    ],
)
def test_what_is_expected_grows_with_the_period(on, expected):
    found = expected_delivery(
        date(2026, 1, 1), date(2026, 12, 31), on, threshold=Decimal("0.8"), begins=Decimal("0.25")
    )
    assert found == (None if expected is None else Decimal(expected))


def test_nothing_is_expected_of_a_period_that_ends_before_it_starts():
    day = date(2026, 1, 1)
    assert expected_delivery(day, date(2025, 1, 1), day, threshold=Decimal(1), begins=Decimal(0)) is None


def budget(amount, start="2026-01-01", end="2026-12-31", currency="USD", kind="1"):
    value = {"amount": amount, "currency": currency}
    return {"type": kind, "period_start": start, "period_end": end, "value": value}


def spend(amount, currency="USD", kind="4", day="2026-03-02"):
    return {"type": kind, "date": day, "value": {"amount": amount, "currency": currency}}


def delivery(budgets, transactions, **options):
    document = {"iati_identifier": "A", "budgets": budgets, "transactions": transactions}
    return year_delivery(ActivityFinance.model_validate(document), 2026, TABLE, **options)


def test_spend_and_effective_budget_of_a_year_are_in_the_currency_of_the_budget():
    budgets = [
        budget("100", end="2026-06-30"),
        budget("200", end="2026-06-30", kind="2"),
        budget("50", start="2026-07-01"),
        budget("999", start="2025-01-01", end="2025-12-31"),
    ]
    found = delivery(
        budgets,
        [spend("10", "EUR"), spend("3", kind="3"), spend("7", day="2025-03-02"), spend("9", kind="2")],
    )
    assert (found.budget, found.spent, found.currency) == (250, 15, "USD")
    assert (found.start, found.end) == (date(2026, 1, 1), date(2026, 12, 31))
    assert delivery(budgets, [spend("3", kind="3"), spend("1")], convention=EXPENDITURE_ONLY).spent == 1


@pytest.mark.parametrize(
    ("budgets", "transactions"),
    [
        ([], [spend("1")]),
        ([budget("100")], []),
        ([budget("100")], [spend("1", day="2025-01-01")]),
        ([budget("0")], [spend("1")]),
        ([budget("100"), budget("100", currency="EUR")], [spend("1")]),
        ([budget("100", currency=None)], [spend("1")]),
        ([budget("100")], [spend("1"), spend("1", "EUR", day="2026-07-01")]),
    ],
)
def test_where_something_is_not_known_there_is_no_delivery(budgets, transactions):
    assert delivery(budgets, transactions) is None
