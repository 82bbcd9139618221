"""The summary: money by stage and indicator counts of all projects that match, by group and as a whole."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.money import STAGES, MoneyByStage, money_by_stage
from gateway.projection.totals import FINANCE_COUNTS, MEMBERS, RESULTS_COUNTS
from gateway.results.filters import GroupBy, ResultsFilter
from gateway.results.schemas import FinanceCounts, IndicatorCounts, SummaryRow
from shared.chassis.db import execute

_NAMES = {"indicators_reported": "reported", "indicators_with_progress": "with_progress"}
_NAMES |= {"indicators_on_track": "on_track"}
_COUNTS = ("projects", *FINANCE_COUNTS, *RESULTS_COUNTS)

_LABEL = (
    "(SELECT m.label FROM project_membership m WHERE m.dimension = {dimension} AND m.code = {code}"
    " ORDER BY m.label LIMIT 1)"
)
_TOTAL_COUNTS = text(
    f"SELECT t.code, {_LABEL.format(dimension='t.dimension', code='t.code')}, {', '.join(_COUNTS)}"  # noqa: S608
    " FROM count_total t WHERE t.dimension = :dimension"
)
_TOTAL_MONEY = text(
    "SELECT {key}, currency, {amounts} FROM money_total WHERE dimension = :dimension GROUP BY 1, 2".format(  # noqa: S608
        key="CASE WHEN :by_year THEN CAST(year AS text) ELSE code END",
        amounts=", ".join(
            f"CASE WHEN sum({stage}_values) > 0 THEN trim_scale(sum({stage})) END" for stage in STAGES
        ),
    )
)
_MATCHING = "WITH a AS MATERIALIZED (SELECT a.id, a.status FROM project_activity a WHERE {where})"
_COUNT = (
    "{matching}, members AS ({members}) SELECT members.code, {label}, count(*), {counts} FROM members"
    " LEFT JOIN project_finance f ON f.id = members.id LEFT JOIN project_results r ON r.id = members.id"
    " WHERE members.dimension = :dimension GROUP BY members.code"
)
_COUNT_COLUMNS = ", ".join(
    f"coalesce(sum({table}.{name}), 0)"
    for table, names in (("f", FINANCE_COUNTS), ("r", RESULTS_COUNTS))
    for name in names
)
_MONEY = (
    "{matching} SELECT CASE WHEN :by_year THEN CAST(m.year AS text) ELSE m.code END, m.currency, {amounts}"
    " FROM project_money m JOIN a ON a.id = m.project_id"
    " WHERE m.dimension = :dimension AND (cardinality(CAST(:years AS int[])) = 0 OR m.year = ANY(:years))"
    " GROUP BY 1, 2"
)
_MONEY_COLUMNS = ", ".join(f"trim_scale(sum(m.{stage}))" for stage in STAGES)

_Counts = dict[str, Sequence[Any]]
_Money = dict[str, list[MoneyByStage]]


async def summarise(
    session: AsyncSession, group_by: GroupBy, filters: ResultsFilter
) -> tuple[list[SummaryRow], SummaryRow]:
    """Return the rows of a summary in order of code (not stated last), and the row of the whole.

    Without filters the rows come from the totals that are kept; with filters, from the projects that match.
    """
    source = _Filtered(session, filters) if filters.conditions()[1] else _Totals(session)
    counts, money = await source.counts(group_by), await source.money(group_by)
    whole_counts, whole_money = await source.counts("all"), await source.money("all")
    codes = sorted(counts.keys() | money.keys(), key=lambda code: (code == "", code))
    rows = [_row(code, counts.get(code), money.get(code, [])) for code in codes]
    return rows, _row("", whole_counts.get(""), whole_money.get("", []))


class _Totals:
    """All projects."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def counts(self, dimension: str) -> _Counts:
        return _by_code(await execute(self._session, _TOTAL_COUNTS, dimension=dimension))

    async def money(self, dimension: str) -> _Money:
        return _by_currency(await execute(self._session, _TOTAL_MONEY, **_money_of(dimension)))


class _Filtered:
    """The projects that match filters."""

    def __init__(self, session: AsyncSession, filters: ResultsFilter) -> None:
        where, self._parameters = filters.conditions()
        self._session, self._years = session, filters.year
        self._matching = _MATCHING.format(where=where)

    async def counts(self, dimension: str) -> _Counts:
        label = _LABEL.format(dimension=":dimension", code="members.code")
        statement = text(
            _COUNT.format(matching=self._matching, members=MEMBERS, label=label, counts=_COUNT_COLUMNS)
        )
        return _by_code(await execute(self._session, statement, **self._parameters, dimension=dimension))

    async def money(self, dimension: str) -> _Money:
        statement = text(_MONEY.format(matching=self._matching, amounts=_MONEY_COLUMNS))
        parameters = {**self._parameters, **_money_of(dimension), "years": self._years}
        return _by_currency(await execute(self._session, statement, **parameters))


def _money_of(dimension: str) -> dict[str, Any]:
    """Return which money belongs to a dimension: that of years is all money, by its year."""
    by_year = dimension == "year"
    return {"dimension": "all" if by_year else dimension, "by_year": by_year}


def _by_code(rows: Iterable[Any]) -> _Counts:
    return {row[0]: row[1:] for row in rows}


def _by_currency(rows: Iterable[Any]) -> _Money:
    money: _Money = defaultdict(list)
    for code, currency, *amounts in sorted(rows, key=lambda row: (row[0], row[1])):
        money[code].append(money_by_stage(currency or None, dict(zip(STAGES, amounts, strict=True))))
    return money


def _row(code: str, counts: Sequence[Any] | None, money: list[MoneyByStage]) -> SummaryRow:
    label, *numbers = counts or (None, *(0 for _ in _COUNTS))
    told = dict(zip(_COUNTS, numbers, strict=True))
    return SummaryRow(
        code=code or None,
        label=label,
        projects=told["projects"],
        finance=FinanceCounts(**{name: told[name] for name in FINANCE_COUNTS}),
        results=IndicatorCounts(**{_NAMES.get(name, name): told[name] for name in RESULTS_COUNTS}),
        money=money,
    )
