from datetime import date
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.funding.v1 import ActivityFinance, PeriodBudget, PlannedDisbursement, Transaction
from shared.contracts.iati import Money
from shared.figures.money import SPEND, STAGES, LedgerEntry, ledger, stage_of


def transaction(type_: str, amount: str, currency: str | None = "USD", on: str = "2024-05-01") -> Transaction:
    return Transaction(
        type=type_, date=date.fromisoformat(on), value=Money(amount=Decimal(amount), currency=currency)
    )


def budget(
    type_: str | None, start: str, end: str, amount: str, currency: str | None = "USD"
) -> PeriodBudget:
    return PeriodBudget(
        type=type_,
        period_start=date.fromisoformat(start),
        period_end=date.fromisoformat(end),
        value=Money(amount=Decimal(amount), currency=currency),
    )


def finance(**parts: object) -> ActivityFinance:
    return ActivityFinance(iati_identifier="X-1", **parts)


def entry(stage: str, currency: str | None, year: int, amount: str, count: int) -> LedgerEntry:
    return LedgerEntry(stage, currency, year, Decimal(amount), count)


@pytest.mark.parametrize(
    ("types", "stage"),
    [
        ("1", "receipt"),
        ("2", "commitment"),
        ("3", "disbursement"),
        ("4", "expenditure"),
        ("5", "interest"),
        ("6", "loan_repayment"),
        ("7", "reimbursement"),
        ("8", "equity_purchase"),
        ("9", "equity_sale"),
        ("10", "guarantee"),
        ("11", "incoming_commitment"),
        ("12", "pledge"),
        ("13", "pledge"),
        ("14", "unclassified"),
        ("C", "unclassified"),
    ],
)
def test_every_transaction_type_has_a_stage(types: str, stage: str):
    assert stage_of(types) == stage
    assert stage in STAGES


def test_spend_is_disbursement_and_expenditure():
    assert {"disbursement", "expenditure"} == SPEND


def test_stages_currencies_and_years_are_kept_apart():
    made = ledger(
        finance(
            transactions=(
                transaction("4", "10", "USD", "2024-12-31"),
                transaction("4", "5.50", "USD", "2024-01-01"),
                transaction("4", "1", "USD", "2025-01-01"),
                transaction("4", "7", "JPY", "2024-06-01"),
                transaction("3", "2", "USD", "2024-06-01"),
            )
        )
    )
    assert made == (
        entry("disbursement", "USD", 2024, "2", 1),
        entry("expenditure", "JPY", 2024, "7", 1),
        entry("expenditure", "USD", 2024, "15.50", 2),
        entry("expenditure", "USD", 2025, "1", 1),
    )


def test_a_reduction_reduces_and_twins_both_count():
    made = ledger(
        finance(transactions=(transaction("2", "100"), transaction("2", "-30"), transaction("2", "-30")))
    )
    assert made == (entry("commitment", "USD", 2024, "40", 3),)


def test_zero_is_an_entry_and_nothing_is_none():
    assert ledger(finance(transactions=(transaction("1", "0"),))) == (entry("receipt", "USD", 2024, "0", 1),)
    assert ledger(finance()) == ()


def test_a_value_without_currency_has_the_default_or_none():
    parts = {
        "transactions": (transaction("1", "1", None),),
        "budgets": (budget("1", "2024-01-01", "2024-12-31", "1", None),),
    }
    assert [e.currency for e in ledger(finance(default_currency="CHF", **parts))] == ["CHF", "CHF"]
    assert [e.currency for e in ledger(finance(**parts))] == [None, None]


def test_the_revised_budget_of_a_period_takes_the_place_of_the_original():
    made = ledger(
        finance(
            budgets=(
                budget("1", "2024-01-01", "2024-12-31", "100"),
                budget("2", "2024-01-01", "2024-12-31", "120"),
                budget(None, "2025-01-01", "2025-12-31", "50"),
                budget("1", "2026-01-01", "2026-12-31", "70", "EUR"),
                budget("2", "2026-01-01", "2026-12-31", "0", "USD"),
            )
        )
    )
    assert made == (
        entry("budget", "USD", 2024, "120", 1),
        entry("budget", "USD", 2025, "50", 1),
        entry("budget", "USD", 2026, "0", 1),
    )


def test_periods_that_overlap_but_differ_each_count():
    made = ledger(
        finance(
            budgets=(
                budget("1", "2024-01-01", "2024-12-31", "100"),
                budget("2", "2024-07-01", "2025-06-30", "60"),
            )
        )
    )
    assert made == (entry("budget", "USD", 2024, "160", 2),)


def test_planned_disbursements_are_a_stage_of_their_own():
    plan = PlannedDisbursement(period_start=date(2025, 3, 1), value=Money(amount=Decimal(9), currency="EUR"))
    assert ledger(finance(planned_disbursements=(plan,))) == (
        entry("planned_disbursement", "EUR", 2025, "9", 1),
    )


def test_sums_lose_no_digit():
    large, small = "1" * 20, "0.000000000000000001"
    made = ledger(finance(transactions=(transaction("1", large), transaction("1", small))))
    assert str(made[0].amount) == "1" * 20 + ".000000000000000001"


TRANSACTIONS = st.lists(
    st.builds(
        transaction,
        st.sampled_from([str(n) for n in range(1, 14)]),
        st.integers(-(10**9), 10**9).map(str),
        st.sampled_from(["USD", "JPY", None]),
        st.sampled_from(["2023-12-31", "2024-01-01", "2024-06-30"]),
    ),
    max_size=12,
)


@given(TRANSACTIONS, st.randoms())
def test_order_of_transactions_changes_nothing(transactions: list[Transaction], random: Random):
    shuffled = list(transactions)
    random.shuffle(shuffled)
    assert ledger(finance(transactions=shuffled)) == ledger(finance(transactions=transactions))


@given(TRANSACTIONS)
def test_every_transaction_is_in_one_entry(transactions: list[Transaction]):
    made = ledger(finance(transactions=transactions))
    assert sum(e.count for e in made) == len(transactions)
    assert sum(e.amount for e in made) == sum(t.value.amount for t in transactions)
