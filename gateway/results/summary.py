"""The summary: money by stage and indicator counts of all projects that match, by group and as a whole."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.money import STAGES, MoneyByStage, money_by_stage
from gateway.results.filters import MEMBERSHIPS, GroupBy, ResultsFilter
from gateway.results.schemas import FinanceCounts, IndicatorCounts, SummaryRow
from shared.chassis.db import execute

_AMOUNTS = ", ".join(f"sum(m.{stage})" for stage in STAGES)
_COUNTED = {
    FinanceCounts: {name: f"f.{name}" for name in FinanceCounts.model_fields},
    IndicatorCounts: {
        "results": "r.results",
        "indicators": "r.indicators",
        "reported": "r.indicators_reported",
        "with_progress": "r.indicators_with_progress",
        "on_track": "r.indicators_on_track",
        **{name: f"r.{name}" for name in ("baselines", "periods", "targets", "actuals", "values_unreadable")},
    },
}
_COUNTS = "count(*), " + ", ".join(
    f"coalesce(sum({column}), 0)" for columns in _COUNTED.values() for column in columns.values()
)
_MATCHING = "WITH a AS MATERIALIZED (SELECT a.id, a.status FROM project_activity a WHERE {where})"
_MONEY = (
    "{matching} SELECT {key}, m.currency, {amounts} FROM project_money m JOIN a ON a.id = m.project_id"
    " WHERE m.dimension = :dimension AND (cardinality(CAST(:years AS int[])) = 0 OR m.year = ANY(:years))"
    " GROUP BY 1, 2"
)
_COUNT_MEMBERS = (
    "{matching}, g AS (SELECT DISTINCT project_id, code FROM project_membership WHERE dimension = :group)"
    ", labels AS (SELECT code, max(label) AS label FROM project_membership WHERE dimension = :group GROUP BY code)"
    " SELECT coalesce(g.code, ''), max(labels.label), {counts} FROM a"
    " LEFT JOIN g ON g.project_id = a.id LEFT JOIN labels ON labels.code = g.code"
    " LEFT JOIN project_finance f ON f.id = a.id LEFT JOIN project_results r ON r.id = a.id GROUP BY 1"
)
_COUNT_ALL = (
    "{matching} SELECT {key}, NULL, {counts} FROM a"
    " LEFT JOIN project_finance f ON f.id = a.id LEFT JOIN project_results r ON r.id = a.id GROUP BY 1"
)


async def summarise(
    session: AsyncSession, group_by: GroupBy, filters: ResultsFilter
) -> tuple[list[SummaryRow], SummaryRow]:
    """Return the rows of a summary in order of code (not stated last), and the row of the whole."""
    where, parameters = filters.conditions()
    statement = _Statements(where, parameters, filters.year)
    if group_by in MEMBERSHIPS:
        counts = await statement.counts_by_membership(session, group_by)
    else:
        counts = await statement.counts(session, "a.status")
    dimension, key = _money_key(group_by)
    money = await statement.money(session, dimension, key)
    whole_counts = await statement.counts(session, "''")
    whole_money = await statement.money(session, "all", "''")
    codes = sorted(counts.keys() | money.keys(), key=lambda code: (code == "", code))
    rows = [_row(code, counts.get(code), money.get(code, [])) for code in codes]
    return rows, _row("", whole_counts.get(""), whole_money.get("", []))


def _money_key(group_by: GroupBy) -> tuple[str, str]:
    if group_by == "status":
        return "all", "a.status"
    if group_by == "year":
        return "all", "m.year::text"
    return group_by, "m.code"


class _Statements:
    """The statements of one summary, over the projects that match its filters."""

    def __init__(self, where: str, parameters: dict[str, Any], years: list[int]) -> None:
        self._matching = _MATCHING.format(where=where)
        self._parameters = parameters
        self._years = years

    async def money(self, session: AsyncSession, dimension: str, key: str) -> dict[str, list[MoneyByStage]]:
        statement = text(_MONEY.format(matching=self._matching, key=key, amounts=_AMOUNTS))
        rows = await execute(session, statement, **self._parameters, dimension=dimension, years=self._years)
        money: dict[str, list[MoneyByStage]] = defaultdict(list)
        for code, currency, *amounts in sorted(rows, key=lambda row: (row[0], row[1])):
            money[code].append(money_by_stage(currency or None, dict(zip(STAGES, amounts, strict=True))))
        return money

    async def counts_by_membership(self, session: AsyncSession, group: str) -> dict[str, tuple[Any, ...]]:
        statement = text(_COUNT_MEMBERS.format(matching=self._matching, counts=_COUNTS))
        rows = await execute(session, statement, **self._parameters, group=group)
        return _by_code(rows)

    async def counts(self, session: AsyncSession, key: str) -> dict[str, tuple[Any, ...]]:
        statement = text(_COUNT_ALL.format(matching=self._matching, key=key, counts=_COUNTS))
        return _by_code(await execute(session, statement, **self._parameters))


def _by_code(rows: Iterable[Any]) -> dict[str, tuple[Any, ...]]:
    return {row[0]: tuple(row[1:]) for row in rows}


def _row(code: str, counts: tuple[Any, ...] | None, money: list[MoneyByStage]) -> SummaryRow:
    label, projects, *numbers = counts or (None, 0, *(0 for columns in _COUNTED.values() for _ in columns))
    told = iter(numbers)
    finance = FinanceCounts(**{name: next(told) for name in _COUNTED[FinanceCounts]})
    results = IndicatorCounts(**{name: next(told) for name in _COUNTED[IndicatorCounts]})
    return SummaryRow(
        code=code or None, label=label, projects=projects, finance=finance, results=results, money=money
    )
