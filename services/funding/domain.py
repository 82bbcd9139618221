"""Rules of the funding service: what follows from an activity's money, and what may be added to it."""

from datetime import date
from typing import Any

from services.funding.faults import faults_of_transaction
from shared.contracts.funding.v1 import ActivityFinance, Partner, RateSheet, Transaction
from shared.figures.earmarking import earmarking_of


def with_earmarking(finance: ActivityFinance) -> ActivityFinance:
    """Return the finance with the earmarking that follows from its aid types, as a whole and by transaction.

    A transaction without aid types of its own carries none: the activity's applies.
    """
    return finance.model_copy(
        update={
            "earmarking": earmarking_of(finance.default_aid_types),
            "transactions": tuple(_earmarked(transaction) for transaction in finance.transactions),
        }
    )


def _earmarked(transaction: Transaction) -> Transaction:
    earmarking = earmarking_of(transaction.aid_types) if transaction.aid_types else None
    if earmarking == transaction.earmarking:
        return transaction
    return transaction.model_copy(update={"earmarking": earmarking})


def finance_columns(finance: ActivityFinance) -> dict[str, Any]:
    """Return the columns of an activity's finance that a list may filter by."""
    return {
        "default_currency": finance.default_currency,
        "earmarking_category": finance.earmarking.category if finance.earmarking else None,
    }


def partner_columns(partner: Partner) -> dict[str, Any]:
    """Return the columns of a partner that a list may filter by."""
    return {"type": partner.type}


def rate_sheet_columns(sheet: RateSheet) -> dict[str, Any]:
    """Return the columns of a sheet of exchange rates that a list may filter by, and its base."""
    return {"source": sheet.source, "kind": sheet.kind, "base": sheet.base, "month": sheet.month}


def faults_of_record(
    finance: ActivityFinance, transaction: Transaction, today: date
) -> list[tuple[str, str, str]]:
    """Return what keeps a transaction from being recorded, as (pointer, code, detail).

    Beside what holds for every transaction, its value has a currency, its own or the activity's default.
    """
    faults = list(faults_of_transaction(in_default_currency(finance, transaction), today))
    if transaction.value.currency is None and finance.default_currency is None:
        faults.append(
            ("/value/currency", "missing-currency", "Neither the value nor the activity names a currency.")
        )
    return faults


def record_transaction(finance: ActivityFinance, transaction: Transaction) -> ActivityFinance:
    """Return the finance with one more transaction, in the activity's currency where it names none."""
    added = in_default_currency(finance, transaction)
    return finance.model_copy(update={"transactions": (*finance.transactions, added)})


def in_default_currency(finance: ActivityFinance, transaction: Transaction) -> Transaction:
    """Return the transaction with the activity's currency where it names none."""
    if transaction.value.currency is not None:
        return transaction
    value = transaction.value.model_copy(update={"currency": finance.default_currency})
    return transaction.model_copy(update={"value": value})
