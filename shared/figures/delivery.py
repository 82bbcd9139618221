"""Delivery rate: how much of what was allocated has been spent.

Source: ILO GB.267/TC/1, appendix I ("Alloc., Expend., Delivery rate").
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from shared.contracts.funding.v1 import ActivityFinance
from shared.figures.exact import EXACT, ratio
from shared.figures.money import Stage, effective_budgets, flows
from shared.figures.rates import RateTable

Convention = Literal["expenditure", "disbursement-and-expenditure"]

EXPENDITURE_ONLY: Convention = "expenditure"
"""Only expenditure (type 4) is delivery: an advance counts when its receiver has spent it."""

DISBURSEMENT_AND_EXPENDITURE: Convention = "disbursement-and-expenditure"
"""Disbursements (type 3) count as well: an advance is expensed when it is paid."""

STAGES_OF: dict[Convention, frozenset[Stage]] = {
    EXPENDITURE_ONLY: frozenset({"expenditure"}),
    DISBURSEMENT_AND_EXPENDITURE: frozenset({"disbursement", "expenditure"}),
}
"""The stages whose amounts make up the numerator under each convention."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio beside the two amounts it was made of; 1 is the whole."""

    numerator: Decimal
    denominator: Decimal
    ratio: Decimal
    convention: Convention


def delivery_rate(
    expenditure: Decimal | None,
    allocation: Decimal | None,
    *,
    convention: Convention = DISBURSEMENT_AND_EXPENDITURE,
) -> Ratio | None:
    """Return expenditure over allocation of the same period and currency (ILO GB.267/TC/1, appendix I).

    Args:
        expenditure: amount of the stages in ``STAGES_OF[convention]``, None where none was reported.
        allocation: the revised budget of the period, None where there is none.
        convention: which stages the expenditure is made of; recorded with the ratio.

    Returns:
        None where there is nothing to divide, or nothing above zero to divide by: that is not a rate of 0.

    """
    if expenditure is None or allocation is None or allocation <= 0:
        return None
    rate = ratio(expenditure, allocation)
    return None if rate is None else Ratio(expenditure, allocation, rate, convention)


@dataclass(frozen=True, slots=True)
class YearDelivery:
    """What an activity spent of its budget of a year, both in the currency of the budget.

    ``start`` and ``end`` are the first and the last day of the periods that the budget is made of.
    """

    year: int
    currency: str
    spent: Decimal
    budget: Decimal
    start: date
    end: date


def year_delivery(
    finance: ActivityFinance,
    year: int,
    table: RateTable,
    *,
    convention: Convention = DISBURSEMENT_AND_EXPENDITURE,
) -> YearDelivery | None:
    """Return spend and effective budget of the periods that start in a year (ILO GB.267/TC/1, appendix I).

    Spend in other currencies is converted at the rate of its day.

    Returns:
        None where there is no budget, budgets are in several currencies or in none, no spend was reported, or some of it
        has no rate: of such a year there is no rate of delivery.

    """
    budgets = [each for _, each in effective_budgets(finance.budgets) if each.period_start.year == year]
    currencies = {each.value.currency or finance.default_currency for each in budgets}
    currency = currencies.pop() if len(currencies) == 1 else None
    if currency is None:
        return None
    spent, values = Decimal(0), 0
    for flow in flows(finance):
        if flow.year != year or flow.stage not in STAGES_OF[convention]:
            continue
        conversion = table.at(flow.currency, currency, flow.valued_on) if flow.valued_on else None
        if conversion is None:
            return None
        spent = EXACT.add(spent, EXACT.multiply(flow.amount, conversion.rate))
        values += 1
    budget = Decimal(0)
    for each in budgets:
        budget = EXACT.add(budget, each.value.amount)
    if not values or budget <= 0:
        return None
    start, end = min(each.period_start for each in budgets), max(each.period_end for each in budgets)
    return YearDelivery(year, currency, spent, budget, start, end)


def expected_delivery(
    start: date, end: date, on: date, *, threshold: Decimal, begins: Decimal
) -> Decimal | None:
    """Return the delivery rate that is expected on a day: the threshold, by the share of the period that is over.

    The rule is ours; the delivery rate is that of ILO GB.267/TC/1. Days are counted with the first and the last.

    Args:
        start: first day of the budget.
        end: last day of it.
        on: the day, which is not over itself.
        threshold: the rate that is expected in the end, 1 is the whole.
        begins: share of the period before which nothing is expected.

    Returns:
        None before that share is over, and for a period that ends before it starts.

    """
    days = (end - start).days + 1
    if days <= 0:
        return None
    over = min(max((on - start).days, 0), days)
    share = ratio(Decimal(over), Decimal(days)) or Decimal(0)
    return None if share < begins else EXACT.multiply(threshold, share)
