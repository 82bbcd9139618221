"""Which evaluations a project needs: the thresholds of the ILO as vectors, and what a missing rate does."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.funding.v1 import PeriodBudget
from shared.contracts.monitoring.v1 import EvaluationPolicy
from shared.figures.evaluations import due_on, duration_months, needed_evaluations, project_budget
from shared.figures.rates import Rate, RateTable

TODAY = date(2026, 6, 30)
START = date(2024, 1, 1)
THIRTY = date(2026, 6, 30)
LONGER = date(2026, 7, 1)
POLICY = EvaluationPolicy.model_validate(
    {
        "code": "evaluation",
        "version": 1,
        "titles": [{"text": "Evaluation policy"}],
        "valid_from": "2024-01-01",
        "currency": "USD",
        "thresholds": [
            {"from_amount": "0", "kind": "self", "timing": "final"},
            {"from_amount": "500000", "kind": "internal", "timing": "final"},
            {"from_amount": "1000000", "kind": "independent", "timing": "final"},
            {"from_amount": "0", "from_months": 31, "kind": "self", "timing": "mid-term"},
            {"from_amount": "500000", "from_months": 31, "kind": "internal", "timing": "mid-term"},
            {"from_amount": "5000000", "kind": "independent", "timing": "mid-term"},
            {"from_amount": "5000000", "kind": "independent", "timing": "ex-post"},
        ],
    }
)
RATES = RateTable(
    [
        Rate("ECB", "ecb-daily", "EUR", "USD", date(2026, 6, 29), Decimal("1.25")),
        Rate("ECB", "ecb-daily", "EUR", "CHF", date(2025, 3, 3), Decimal("0.5")),
    ]
)


def budget(amount, currency="USD", start="2024-01-01", **members):
    value = {"amount": amount, "currency": currency, "value_date": members.pop("value_date", None)}
    return PeriodBudget.model_validate(
        {"period_start": start, "period_end": "2024-12-31", "value": value, **members}
    )


def needed(*budgets, start=START, end=THIRTY, policy=POLICY):
    total = project_budget(budgets, "USD", "USD", RATES, today=TODAY)
    return needed_evaluations(policy, total, start, end)


def told(*budgets, **period):
    return [(each.kind, each.timing) for each in needed(*budgets, **period)]


@pytest.mark.parametrize(
    ("amount", "end", "expected"),
    [
        ("0", THIRTY, [("self", "final")]),
        ("499999.99", THIRTY, [("self", "final")]),
        ("500000", THIRTY, [("internal", "final")]),
        ("999999.99", THIRTY, [("internal", "final")]),
        ("1000000", THIRTY, [("independent", "final")]),
        (
            "5000000",
            THIRTY,
            [("independent", "mid-term"), ("independent", "final"), ("independent", "ex-post")],
        ),
        ("100", LONGER, [("self", "mid-term"), ("self", "final")]),
        ("700000", LONGER, [("internal", "mid-term"), ("internal", "final")]),
        ("1000000", LONGER, [("internal", "mid-term"), ("independent", "final")]),
    ],
)
def test_the_greatest_amount_reached_decides_the_kind(amount, end, expected):
    assert told(budget(amount), end=end) == expected


def test_of_one_amount_the_longest_duration_decides():
    thresholds = [
        {"from_amount": "10", "from_months": months, "kind": kind, "timing": "final"}
        for months, kind in ((24, "independent"), (0, "self"), (12, "internal"))
    ]
    policy = EvaluationPolicy.model_validate({**POLICY.model_dump(), "thresholds": thresholds})
    for end, kind in (
        (date(2024, 3, 31), "self"),
        (date(2024, 12, 31), "internal"),
        (date(2025, 12, 31), "independent"),
    ):
        assert told(budget("10"), end=end, policy=policy) == [(kind, "final")]


def test_a_revised_budget_takes_the_place_of_the_original():
    assert told(budget("2000000"), budget("400000", type="2")) == [("self", "final")]


def test_other_currencies_are_converted_as_planned_money_is():
    assert told(budget("800000", "EUR")) == [("independent", "final")]  # 1,000,000 at the latest rate
    assert (
        len(told(budget("200000", "CHF", value_date="2025-03-03"))) == 3
    )  # there is no rate of USD that day
    table = RateTable([Rate("ECB", "ecb-daily", "EUR", "USD", date(2025, 3, 3), Decimal("1.25"))])
    valued = project_budget(
        [budget("400000", "EUR", value_date="2025-03-05")], None, "USD", table, today=TODAY
    )
    assert valued.total.amount == 500000


def test_without_a_rate_the_strictest_threshold_applies_and_is_told():
    (mid_term, final, ex_post) = needed(budget("1"), budget("7", "GNF", start="2025-01-01"))
    assert {each.kind for each in (mid_term, final, ex_post)} == {"independent"}
    assert final.because == (
        "By evaluation/1, a project of at least 1000000 USD, 0 months needs an independent final evaluation. "
        "This one has a budget of 7 GNF, 1 USD and runs 30 months. "
        "There is no rate for 7 GNF, so the strictest threshold applies."
    )


def test_zero_needs_no_rate():
    assert told(budget("1"), budget("0", "GNF", start="2025-01-01")) == [("self", "final")]


def test_the_sentence_tells_why():
    (final,) = needed(budget("250000.50"), budget("500000", "EUR", start="2025-01-01"))
    assert final.because == (
        "By evaluation/1, a project of at least 500000 USD, 0 months needs an internal final evaluation. "
        "This one has a budget of 500000 EUR, 250000.5 USD and runs 30 months."
    )


def test_the_sentence_does_not_change_with_the_rate():
    amounts = [budget("500000", "EUR")]
    other = RateTable([Rate("ECB", "ecb-daily", "EUR", "USD", date(2026, 6, 30), Decimal("1.26"))])
    sentences = {
        needed_evaluations(POLICY, project_budget(amounts, None, "USD", table, today=TODAY), START, THIRTY)
        for table in (RATES, other)
    }
    assert len(sentences) == 1


def test_a_sentence_stays_short_however_many_currencies():
    listed = [budget("9" * 20, "X" * 400 + str(number)) for number in range(40)]
    (_, final, _) = needed(*listed)
    assert len(final.because) < 1000
    assert "more currencies" in final.because


def test_no_budget_is_unknown_not_zero():
    assert project_budget([], "USD", "USD", RATES, today=TODAY) is None


def test_what_ends_before_it_starts_needs_nothing():
    assert told(budget("9000000"), start=date(2025, 1, 2), end=date(2025, 1, 1)) == []


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2024-01-01", "2024-01-01", 1),
        ("2024-01-01", "2024-01-31", 1),
        ("2024-01-01", "2024-02-01", 2),
        ("2024-01-01", "2026-06-30", 30),
        ("2024-01-01", "2026-07-01", 31),
        ("2024-01-15", "2024-02-14", 1),
        ("2024-01-15", "2024-02-15", 2),
        ("2024-01-31", "2024-02-29", 1),
        ("2023-12-01", "2024-11-30", 12),
    ],
)
def test_months_begun_count(start, end, months):
    assert duration_months(date.fromisoformat(start), date.fromisoformat(end)) == months


@pytest.mark.parametrize(
    ("timing", "end", "expected"),
    [
        ("mid-term", "2024-12-31", "2024-07-01"),
        ("mid-term", "2024-01-01", "2024-01-01"),
        ("final", "2024-12-31", "2024-12-31"),
        ("ex-post", "2024-12-31", "2025-12-31"),
        ("ex-post", "2024-02-29", "2025-02-28"),
        ("ex-post", "9999-12-31", "9999-12-31"),
    ],
)
def test_when_an_evaluation_is_due(timing, end, expected):
    assert due_on(timing, START, date.fromisoformat(end)) == date.fromisoformat(expected)


@given(st.dates(), st.dates(), st.decimals(0, 10**9, places=2))
def test_it_is_due_within_the_project_or_a_year_after_it(one, other, amount):
    start, end = sorted((one, other))
    for each in needed(budget(str(amount)), start=start, end=end):
        assert start <= each.due_on
        assert each.timing == "ex-post" or each.due_on <= end
        assert (each.due_on - end).days <= 366
