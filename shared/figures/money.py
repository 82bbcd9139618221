"""Money of an activity by stage, currency and year.

Source: IATI guidance: financial transactions, activity budgets. Stages follow one another, from
pledge to commitment to money received and spent, and are never added up; spend alone is two of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple, get_args

from shared.contracts.funding.v1 import ActivityFinance, PeriodBudget, PlannedDisbursement, Transaction
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

PLANNED: frozenset[Stage] = frozenset({"budget", "planned_disbursement"})
"""The stages whose money has not moved yet: it is converted at the latest rate where its value date is to come."""

SPEND: frozenset[Stage] = frozenset({"disbursement", "expenditure"})
"""The only stages that may be added up: what was paid out and what was spent directly.

Source: IATI guidance: financial transactions."""

ORIGINAL = "1"
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
    """One value as it counts towards a stage; ``transaction`` is None for budgets and plans.

    ``valued_on`` is the day whose exchange rate applies: the value date, or that of a transaction without one.
    It is None for planned money without a value date. ``pointer`` tells the value in its document.
    """

    stage: Stage
    currency: str | None
    year: int
    amount: Decimal
    valued_on: date | None
    pointer: str
    transaction: Transaction | None


def stage_of(transaction_type: str) -> Stage:
    """Return the stage of an TransactionType (IATI code list); ``unclassified`` for a code not on it.

    ``pledge`` holds both outgoing (12) and incoming (13) pledges.
    """
    return _STAGE_OF_TYPE.get(transaction_type, "unclassified")


def effective_budgets(budgets: Iterable[PeriodBudget]) -> Iterator[tuple[int, PeriodBudget]]:
    """Yield the budgets that count, with their place: of each period the revised if there are any, else the original.

    Source: IATI guidance: activity budgets. A period is told by its two dates. Budgets of the
    same period and type all count. Periods that overlap but differ each stand for themselves: nothing tells
    which part of one another replaces.
    """
    listed = tuple(budgets)
    revised: set[tuple[date, date]] = {(b.period_start, b.period_end) for b in listed if b.type == REVISED}
    for place, budget in enumerate(listed):
        if budget.type == REVISED or (budget.period_start, budget.period_end) not in revised:
            yield place, budget


def flows(finance: ActivityFinance) -> Iterator[Flow]:
    """Yield every value that counts towards a stage: effective budgets, plans, and all transactions."""
    default = finance.default_currency
    for place, budget in effective_budgets(finance.budgets):
        yield _planned("budget", budget, default, f"/budgets/{place}")
    for place, plan in enumerate(finance.planned_disbursements):
        yield _planned("planned_disbursement", plan, default, f"/planned_disbursements/{place}")
    for place, transaction in enumerate(finance.transactions):
        value = transaction.value
        yield Flow(
            stage_of(transaction.type),
            value.currency or default,
            transaction.date.year,
            value.amount,
            value.value_date or transaction.date,
            f"/transactions/{place}",
            transaction,
        )


def _planned(
    stage: Stage, planned: PeriodBudget | PlannedDisbursement, default: str | None, pointer: str
) -> Flow:
    value = planned.value
    currency, year = value.currency or default, planned.period_start.year
    return Flow(stage, currency, year, value.amount, value.value_date, pointer, None)


def ledger(finance: ActivityFinance) -> tuple[LedgerEntry, ...]:
    """Return the money of an activity by stage, currency and year, in that order.

    Source: IATI guidance: financial transactions, activity budgets.

    Amounts are signed sums, so that a reduction reduces; zero that was reported is an entry, what was not
    reported is none.
    """
    totals: dict[tuple[Stage, str | None, int], tuple[Decimal, int]] = {}
    for flow in flows(finance):
        key = (flow.stage, flow.currency, flow.year)
        amount, count = totals.get(key, (Decimal(0), 0))
        totals[key] = (EXACT.add(amount, flow.amount), count + 1)
    order = {stage: place for place, stage in enumerate(STAGES)}
    keys = sorted(totals, key=lambda key: (order[key[0]], key[1] or "", key[2]))
    return tuple(LedgerEntry(*key, *totals[key]) for key in keys)


def budget_faults(budgets: Iterable[PeriodBudget]) -> list[tuple[str, str, str]]:
    """Return what is wrong with the budgets of an activity, as (pointer, code, detail) in their order.

    Source: IATI guidance: activity budgets (a year at most, no overlap within a type, not negative). A period may
    end on the day that the next one starts, and so on the same day of the next year: both ways of writing the
    end are in use. A budget without type is an original.
    """
    faults: list[tuple[str, str, str]] = []
    earlier: dict[str, list[PeriodBudget]] = {}
    for place, budget in enumerate(budgets):
        pointer, start, end = f"/budgets/{place}", budget.period_start, budget.period_end
        if budget.value.amount < 0:
            faults.append((f"{pointer}/value/amount", "negative-budget", "A budget is not below zero."))
        if end < start:
            detail = f"The period ends on {end}, before it starts on {start}."
            faults.append((f"{pointer}/period_end", "period-ends-before-start", detail))
            continue
        if (end.year, end.month, end.day) > (start.year + 1, start.month, start.day):
            detail = f"The period from {start} to {end} is longer than a year."
            faults.append((f"{pointer}/period_end", "budget-period-too-long", detail))
        of_type = earlier.setdefault(budget.type or ORIGINAL, [])
        if other := next((b for b in of_type if _overlap(b, budget)), None):
            detail = f"A budget of the same type is from {other.period_start} to {other.period_end}."
            faults.append((f"{pointer}/period_start", "budget-periods-overlap", detail))
        of_type.append(budget)
    return faults


def _overlap(one: PeriodBudget, other: PeriodBudget) -> bool:
    dates = (one.period_start, one.period_end), (other.period_start, other.period_end)
    return dates[0] == dates[1] or max(dates)[0] < min(dates[0][1], dates[1][1])
