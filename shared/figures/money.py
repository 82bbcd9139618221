"""Money of an activity by stage, currency and year.

Source: IATI guidance: financial transactions, activity budgets. Stages follow one another, from
pledge to commitment to money received and spent, and are never added up; spend alone is two of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple, get_args

from shared.contracts.funding.v1 import ActivityFinance, PeriodBudget, Transaction
from shared.figures.exact import EXACT

Stage = Literal[
    "budget",
    "planned_disbursement",
    "pledge",
    "incoming_commitment",
    "commitment",
    "receipt",
    "disbursement",
    "expenditure",
    "interest",
    "loan_repayment",
    "reimbursement",
    "equity_purchase",
    "equity_sale",
    "guarantee",
    "unclassified",
]
STAGES: tuple[Stage, ...] = get_args(Stage)

SPEND: frozenset[Stage] = frozenset({"disbursement", "expenditure"})
"""The only stages that may be added up: what was paid out and what was spent directly.

Source: IATI guidance: financial transactions."""

REVISED = "2"

_STAGE_OF_TYPE: dict[str, Stage] = {
    "1": "receipt",
    "2": "commitment",
    "3": "disbursement",
    "4": "expenditure",
    "5": "interest",
    "6": "loan_repayment",
    "7": "reimbursement",
    "8": "equity_purchase",
    "9": "equity_sale",
    "10": "guarantee",
    "11": "incoming_commitment",
    "12": "pledge",
    "13": "pledge",
}


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """The money of one stage, currency and year, and how many values it was added up from.

    ``currency`` is None where none is stated. The year is that of the transaction date, or of the period
    start of a budget or planned disbursement.
    """

    stage: Stage
    currency: str | None
    year: int
    amount: Decimal
    count: int


class Flow(NamedTuple):
    """One value as it counts towards a stage; ``transaction`` is None for budgets and plans."""

    stage: Stage
    currency: str | None
    year: int
    amount: Decimal
    transaction: Transaction | None


def stage_of(transaction_type: str) -> Stage:
    """Return the stage of an TransactionType (IATI code list); ``unclassified`` for a code not on it.

    ``pledge`` holds both outgoing (12) and incoming (13) pledges.
    """
    return _STAGE_OF_TYPE.get(transaction_type, "unclassified")


def effective_budgets(budgets: Iterable[PeriodBudget]) -> Iterator[PeriodBudget]:
    """Yield the budgets that count: of each period the revised where there are any, else the original.

    Source: IATI guidance: activity budgets. A period is told by its two dates. Budgets of the
    same period and type all count. Periods that overlap but differ each stand for themselves: nothing tells
    which part of one another replaces.
    """
    listed = tuple(budgets)
    revised: set[tuple[date, date]] = {(b.period_start, b.period_end) for b in listed if b.type == REVISED}
    for budget in listed:
        if budget.type == REVISED or (budget.period_start, budget.period_end) not in revised:
            yield budget


def flows(finance: ActivityFinance) -> Iterator[Flow]:
    """Yield every value that counts towards a stage: effective budgets, plans, and all transactions."""
    default = finance.default_currency
    for budget in effective_budgets(finance.budgets):
        value = budget.value
        yield Flow("budget", value.currency or default, budget.period_start.year, value.amount, None)
    for plan in finance.planned_disbursements:
        value = plan.value
        yield Flow(
            "planned_disbursement", value.currency or default, plan.period_start.year, value.amount, None
        )
    for transaction in finance.transactions:
        value = transaction.value
        stage = stage_of(transaction.type)
        yield Flow(stage, value.currency or default, transaction.date.year, value.amount, transaction)


def ledger(finance: ActivityFinance) -> tuple[LedgerEntry, ...]:
    """Return the money of an activity by stage, currency and year, in that order.

    Source: IATI guidance: financial transactions, activity budgets.

    Amounts are signed sums, so that a reduction reduces; zero that was reported is an entry, what was not
    reported is none.
    """
    totals: dict[tuple[Stage, str | None, int], tuple[Decimal, int]] = {}
    for stage, currency, year, amount, _ in flows(finance):
        key = (stage, currency, year)
        known = totals.get(key)
        totals[key] = (amount, 1) if known is None else (EXACT.add(known[0], amount), known[1] + 1)
    order = {stage: place for place, stage in enumerate(STAGES)}
    keys = sorted(totals, key=lambda key: (order[key[0]], key[1] or "", key[2]))
    return tuple(LedgerEntry(*key, *totals[key]) for key in keys)
