from datetime import date
from decimal import Decimal

import pytest

from shared.contracts.funding.v1 import PeriodBudget
from shared.contracts.iati import Money
from shared.figures.money import budget_faults


def budget(start: str, end: str, amount: str = "10", type_: str | None = "1") -> PeriodBudget:
    return PeriodBudget(
        type=type_,
        period_start=date.fromisoformat(start),
        period_end=date.fromisoformat(end),
        value=Money(amount=Decimal(amount), currency="USD"),
    )


def codes(*budgets: PeriodBudget) -> list[tuple[str, str]]:
    return [(pointer, code) for pointer, code, _ in budget_faults(budgets)]


def test_years_in_a_row_are_sound():
    assert codes(budget("2024-01-01", "2024-12-31"), budget("2025-01-01", "2025-12-31")) == []
    assert codes(budget("2024-01-01", "2025-01-01"), budget("2025-01-01", "2026-01-01")) == []
    assert codes(budget("2024-01-01", "2024-12-31", "0")) == []


@pytest.mark.parametrize(
    ("start", "end", "too_long"),
    [
        ("2024-01-01", "2025-01-01", False),
        ("2024-01-01", "2025-01-02", True),
        ("2024-02-29", "2025-02-28", False),
        ("2024-02-29", "2025-03-01", True),
        ("9999-01-01", "9999-12-31", False),
    ],
)
def test_a_budget_is_of_a_year_at_most(start: str, end: str, *, too_long: bool):
    expected = [("/budgets/0/period_end", "budget-period-too-long")] if too_long else []
    assert codes(budget(start, end)) == expected


def test_periods_of_one_type_do_not_overlap():
    overlapping = [("/budgets/1/period_start", "budget-periods-overlap")]
    assert codes(budget("2024-01-01", "2024-12-31"), budget("2024-12-01", "2025-06-30")) == overlapping
    assert codes(budget("2024-12-01", "2025-06-30"), budget("2024-01-01", "2024-12-31")) == overlapping
    assert codes(budget("2024-01-01", "2024-12-31"), budget("2024-03-01", "2024-03-31")) == overlapping
    assert codes(budget("2024-01-01", "2024-01-01"), budget("2024-01-01", "2024-01-01")) == overlapping


def test_a_budget_without_type_is_an_original_and_a_revised_one_may_replace_it():
    original = budget("2024-01-01", "2024-12-31", type_=None)
    assert codes(original, budget("2024-01-01", "2024-12-31", type_="2")) == []
    assert codes(original, budget("2024-01-01", "2024-12-31")) == [
        ("/budgets/1/period_start", "budget-periods-overlap")
    ]


def test_every_fault_is_told_with_its_place():
    made = budget_faults([budget("2024-01-01", "2024-12-31"), budget("2025-12-31", "2024-01-01", "-1")])
    assert [fault[:2] for fault in made] == [
        ("/budgets/1/value/amount", "negative-budget"),
        ("/budgets/1/period_end", "period-ends-before-start"),
    ]
    assert all(detail for _, _, detail in made)
