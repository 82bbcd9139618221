"""What keeps money from being written, as (pointer, code, detail): rules of a value, a period and a share.

Sources: IATI ruleset and guidance (financial transactions, activity budgets, country budget items); ISO 4217.
Published files are taken as they are; these rules hold for what is written here.
"""

from collections.abc import Iterator
from datetime import date
from typing import TypeAlias

from shared.contracts.funding.v1 import ActivityFinance, Partner, RateSheet, Transaction
from shared.contracts.iati import Money
from shared.figures.currencies import exists
from shared.figures.money import budget_faults
from shared.figures.shares import share_faults

Faults: TypeAlias = Iterator[tuple[str, str, str]]


def faults_of_finance(finance: ActivityFinance, today: date) -> Faults:
    """Yield what is wrong with the money of an activity."""
    yield from _currency("/default_currency", finance.default_currency)
    yield from budget_faults(finance.budgets)
    for place, budget in enumerate(finance.budgets):
        yield from _value(f"/budgets/{place}/value", budget.value)
    for place, plan in enumerate(finance.planned_disbursements):
        yield from _value(f"/planned_disbursements/{place}/value", plan.value)
    for place, transaction in enumerate(finance.transactions):
        for pointer, code, detail in faults_of_transaction(transaction, today):
            yield f"/transactions/{place}{pointer}", code, detail
    if finance.forward_spending:
        for place, forecast in enumerate(finance.forward_spending.forecasts):
            yield from _value(f"/forward_spending/forecasts/{place}/value", forecast.value)
    if finance.crs_additions and finance.crs_additions.loan_status:
        yield from _currency(
            "/crs_additions/loan_status/currency", finance.crs_additions.loan_status.currency
        )
    items = finance.country_budget_items.items if finance.country_budget_items else ()
    yield from share_faults(
        (f"/country_budget_items/items/{place}", item.percentage) for place, item in enumerate(items)
    )


def faults_of_transaction(transaction: Transaction, today: date) -> Faults:
    """Yield what is wrong with a transaction: it has happened, so its dates are not in the future (IATI ruleset)."""
    if transaction.date > today:
        yield "/date", "date-in-future", "A transaction date is not in the future."
    value_date = transaction.value.value_date
    if value_date is not None and value_date > today:
        yield "/value/value_date", "date-in-future", "A value date is not in the future."
    yield from _value("/value", transaction.value)


def faults_of_partner(partner: Partner) -> Faults:
    """Yield what is wrong with the money that a partner plans and spends."""
    yield from _currency("/default_currency", partner.default_currency)
    for place, budget in enumerate(partner.budgets):
        yield from _value(f"/budgets/{place}/value", budget.value)
        for number, line in enumerate(budget.lines):
            yield from _value(f"/budgets/{place}/lines/{number}/value", line.value)


def faults_of_rates(sheet: RateSheet) -> Faults:
    """Yield what is wrong with a sheet of exchange rates."""
    yield from _currency("/base", sheet.base)
    for place, rate in enumerate(sheet.rates):
        yield from _currency(f"/rates/{place}/currency", rate.currency)


def _value(pointer: str, value: Money) -> Faults:
    yield from _currency(f"{pointer}/currency", value.currency)


def _currency(pointer: str, code: str | None) -> Faults:
    if code is not None and not exists(code):
        yield (pointer, "unknown-currency", f"ISO 4217 has no currency {code[:40]!r}.")
