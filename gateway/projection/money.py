"""What the read model keeps of an activity's money."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_json

from gateway.money import STAGES, Exact, MoneyByStage, money_by_stage
from gateway.projection.facts import bounded
from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.projects.v1 import Activity
from shared.figures.attribution import attribute
from shared.figures.exact import EXACT
from shared.figures.money import LedgerEntry, Stage, ledger

WHOLE = "all"
"""The dimension of money that is not attributed to anything."""
STATUS = "status"
"""The dimension of money by the status of its activity, undivided."""


class LedgerLine(BaseModel):
    """Money of one stage, currency and year, and how many values it was added up from."""

    stage: Stage
    currency: str | None
    year: int
    amount: Exact
    count: int


class FinanceCounts(BaseModel):
    """How many of each an activity has, as reported."""

    budgets: int
    planned_disbursements: int
    transactions: int


class FinanceFigures(BaseModel):
    """What the rules of computation make of an activity's money."""

    counts: FinanceCounts
    totals: list[MoneyByStage]
    ledger: list[LedgerLine]


def finance_figures(finance: ActivityFinance) -> FinanceFigures:
    """Return the money of an activity by stage: in all by currency, and by currency and year."""
    entries = ledger(finance)
    return FinanceFigures(
        counts=FinanceCounts(
            budgets=len(finance.budgets),
            planned_disbursements=len(finance.planned_disbursements),
            transactions=len(finance.transactions),
        ),
        totals=list(_totals(entries)),
        ledger=[
            LedgerLine(stage=e.stage, currency=e.currency, year=e.year, amount=e.amount, count=e.count)
            for e in entries
        ],
    )


def finance_listing(figures: FinanceFigures) -> str:
    """Return the JSON text of an activity's money in brief."""
    return to_json([total.model_dump(mode="json") for total in figures.totals]).decode()


def money_rows(project_id: UUID, activity: Activity, finance: ActivityFinance) -> Iterator[dict[str, Any]]:
    """Yield the money of a project whole and by status, country, region, sector and donor; a row has every stage."""
    rows: defaultdict[tuple[str, str, str, int], dict[Stage, Decimal]] = defaultdict(dict)
    for entry in ledger(finance):
        if entry.stage in STAGES:
            for dimension, code in ((WHOLE, ""), (STATUS, activity.status)):
                rows[dimension, code, entry.currency or "", entry.year][entry.stage] = entry.amount
    for part in attribute(activity, finance):
        if part.stage in STAGES:
            amounts = rows[part.dimension, bounded(part.code or ""), part.currency or "", part.year]
            known = amounts.get(part.stage)
            amounts[part.stage] = part.amount if known is None else EXACT.add(known, part.amount)
    for (dimension, code, currency, year), amounts in rows.items():
        yield {
            "project_id": project_id,
            "dimension": dimension,
            "code": code,
            "currency": currency,
            "year": year,
            **{stage: amounts.get(stage) for stage in STAGES},
        }


def _totals(entries: tuple[LedgerEntry, ...]) -> Iterator[MoneyByStage]:
    totals: defaultdict[str, dict[Stage, Decimal | None]] = defaultdict(dict)
    for entry in entries:
        amounts = totals[entry.currency or ""]
        known = amounts.get(entry.stage)
        amounts[entry.stage] = entry.amount if known is None else EXACT.add(known, entry.amount)
    for currency in sorted(totals):
        yield money_by_stage(currency or None, totals[currency])
