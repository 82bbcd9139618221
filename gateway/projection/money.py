"""What the read model keeps of an activity's money."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_json

from gateway.money import STAGES, Exact, MoneyByStage, money_by_stage
from gateway.projection.facts import bounded
from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.projects.v1 import Activity
from shared.figures.attribution import DIMENSIONS, attribute, stated
from shared.figures.exact import EXACT
from shared.figures.explanation import Grouping
from shared.figures.money import Flow, LedgerEntry, Stage, flows, ledger
from shared.figures.outcomes import Contributed

WHOLE: Literal["all"] = "all"
"""The dimension of money that is not attributed to anything."""
STATUS: Literal["status"] = "status"
"""The dimension of money by the status of its activity, undivided."""

UNDATED = date.max
"""Stands for the value date of planned money that has none."""

_Key: TypeAlias = tuple[str, str, str, int, date]


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


def groupings(finance: ActivityFinance, contributed: Contributed | None) -> tuple[Grouping, ...]:
    """Return the dimensions that a project's money is kept by: of the sparse ones, those that it states."""
    return (WHOLE, STATUS, *DIMENSIONS, *stated(finance, contributed))


def money_rows(
    project_id: UUID, activity: Activity, finance: ActivityFinance, contributed: Contributed | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the money of a project by each of its ``groupings``; a row has every stage."""
    rows: defaultdict[_Key, dict[Stage, Decimal]] = defaultdict(dict)
    for dimension, code, flow, amount in _coded(activity, finance, contributed):
        if flow.stage in STAGES:
            amounts = rows[dimension, code, flow.currency or "", flow.year, flow.valued_on or UNDATED]
            known = amounts.get(flow.stage)
            amounts[flow.stage] = amount if known is None else EXACT.add(known, amount)
    for (dimension, code, currency, year, valued_on), amounts in rows.items():
        yield {
            "project_id": project_id,
            "dimension": dimension,
            "code": code,
            "currency": currency,
            "year": year,
            "valued_on": valued_on,
            **{stage: amounts.get(stage) for stage in STAGES},
        }


def _coded(
    activity: Activity, finance: ActivityFinance, contributed: Contributed | None
) -> Iterator[tuple[str, str, Flow, Decimal]]:
    """Yield each value, or part of one, under every dimension and code that it belongs to."""
    for flow in flows(finance):
        yield WHOLE, "", flow, flow.amount
        yield STATUS, activity.status, flow, flow.amount
    for part in attribute(activity, finance, contributed):
        yield part.dimension, bounded(part.code or ""), part.flow, part.amount


def _totals(entries: tuple[LedgerEntry, ...]) -> Iterator[MoneyByStage]:
    totals: defaultdict[str, dict[Stage, Decimal | None]] = defaultdict(dict)
    for entry in entries:
        amounts = totals[entry.currency or ""]
        known = amounts.get(entry.stage)
        amounts[entry.stage] = entry.amount if known is None else EXACT.add(known, entry.amount)
    for currency in sorted(totals):
        yield money_by_stage(currency or None, totals[currency])
