"""The summary: money by stage and indicator counts of all projects that match, by group and as a whole."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.datastructures import QueryParams

from gateway.projection.documents import COUNTRY_PROGRAMMES
from gateway.projection.totals import FINANCE_COUNTS, RESULTS_COUNTS
from gateway.results.dimensions import MAPPED, GroupBy, members
from gateway.results.explain import explain_groups
from gateway.results.filters import ResultsFilter, SummaryQuery
from gateway.results.presented import CodeMoney
from gateway.results.schemas import FinanceCounts, IndicatorCounts, SummaryRow
from gateway.results.scope import Condition, documents_seen, permit_to_read, projects_seen
from gateway.results.sums import Scope, sums
from gateway.results.terms import Terms
from shared.chassis.db import execute

_NAMES = {"indicators_reported": "reported", "indicators_with_progress": "with_progress"}
_NAMES |= {"indicators_on_track": "on_track"}
_COUNTS = ("projects", *FINANCE_COUNTS, *RESULTS_COUNTS)

_LABEL = (
    "coalesce((SELECT l.label FROM code_label l WHERE l.dimension = {dimension} AND l.code = {code}{told}"
    " ORDER BY l.since DESC, l.label LIMIT 1),"
    " (SELECT m.label FROM project_membership m WHERE m.dimension = {dimension} AND m.code = {code}{named}"
    " ORDER BY m.label LIMIT 1))"
)
_NAMED = " AND m.project_id IN (SELECT id FROM a)"
_TOLD = (
    " AND NOT EXISTS (SELECT FROM document d WHERE d.id = l.document_id AND d.aggregate = 'country-programme'"
    " AND NOT {seen})"
)
_LABEL_OF_ALL = _LABEL.format(dimension="t.dimension", code="t.code", told="", named="")
_TOTAL_COUNTS = text(
    f"SELECT t.code, {_LABEL_OF_ALL}, {', '.join(_COUNTS)}"  # noqa: S608
    " FROM count_total t WHERE t.dimension = :dimension"
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
_Counts = dict[str, Sequence[Any]]


async def summarise(
    session: AsyncSession, query: SummaryQuery, terms: Terms
) -> tuple[list[SummaryRow], SummaryRow]:
    """Return the rows of a summary in order of code (not stated last), and the row of the whole.

    Where all projects are seen and wanted, the rows come from the totals that are kept; otherwise, from the projects that
    match among those that are seen.
    """
    scope = scope_of(session, query)
    alone = query.group_by == "all"
    counts = {} if alone else await _counts(session, scope, query.group_by)
    money = {} if alone else await sums(session, scope, query.group_by, terms)
    whole_counts = await _counts(session, scope, "all")
    whole_money = await sums(session, scope, "all", terms)
    codes = sorted(counts.keys() | money.keys(), key=lambda code: (code == "", code))
    rows = [
        _row(code, counts.get(code), money.get(code))
        for code in codes
        if query.code is None or code == query.code
    ]
    return rows, _row("", whole_counts.get(""), whole_money.get(""))


async def explain_rows(
    session: AsyncSession,
    query: SummaryQuery,
    terms: Terms,
    groups: Sequence[SummaryRow],
    whole: SummaryRow,
) -> None:
    """Add to rows how they came about: to that of ``code`` only, or else to all of them and the whole.

    Raises:
        Invalid: there is too much to explain in one answer.

    """
    wanted = Condition(*query.conditions()) & projects_seen(session)
    matching = (_MATCHING.format(where=wanted.sql), wanted.parameters)
    if query.group_by != "all":
        explained = await explain_groups(session, matching, query.group_by, query.code, query.year, terms)
        for row in groups:
            row.explanation = explained.get(row.code or "")
    if query.code is None:
        of_whole = await explain_groups(session, matching, "all", "", query.year, terms)
        whole.explanation = of_whole.get("")


def explain_address(path: str, asked: QueryParams, code: str | None) -> str:
    """Return the address of the explanation of a row; ``code`` None is the row of the whole."""
    told = ("code", "explain", *(("group_by",) if code is None else ()))
    kept = [(name, value) for name, value in asked.multi_items() if name not in told]
    kept.append(("group_by", "all") if code is None else ("code", code))
    return f"{path}?{urlencode([*kept, ('explain', 'true')])}"


def scope_of(session: AsyncSession, query: ResultsFilter | None = None) -> Scope:
    """Return which projects' money a query is about, of those that are seen; without one, of all of them."""
    wanted = projects_seen(session)
    if query is not None:
        wanted = Condition(*query.conditions()) & wanted
    if wanted.is_always:
        return Scope()
    return Scope(_MATCHING.format(where=wanted.sql), wanted.parameters, query.year if query else ())


async def _counts(session: AsyncSession, scope: Scope, dimension: GroupBy) -> _Counts:
    if scope.is_everything and dimension not in MAPPED:
        rows = await execute(session, _TOTAL_COUNTS, dimension=dimension)
    else:
        programmes = documents_seen(permit_to_read(session, COUNTRY_PROGRAMMES.aggregate))
        label = _LABEL.format(
            dimension=":dimension",
            code="members.code",
            told="" if programmes.is_always else _TOLD.format(seen=programmes.sql),
            named=_NAMED,
        )
        statement = _COUNT.format(
            matching=scope.matching or _MATCHING.format(where="true"),
            members=members(dimension),
            label=label,
            counts=_COUNT_COLUMNS,
        )
        asked = {
            **scope.parameters,
            **programmes.parameters,
            "dimension": dimension,
            "years": list(scope.years),
        }
        rows = await execute(session, text(statement), **asked)
    return {row[0]: row[1:] for row in rows}


def _row(code: str, counts: Sequence[Any] | None, money: CodeMoney | None) -> SummaryRow:
    label, *numbers = counts or (None, *(0 for _ in _COUNTS))
    told = dict(zip(_COUNTS, numbers, strict=True))
    money = money or CodeMoney()
    return SummaryRow(
        code=code or None,
        label=label,
        projects=told["projects"],
        finance=FinanceCounts(**{name: told[name] for name in FINANCE_COUNTS}),
        results=IndicatorCounts(**{_NAMES.get(name, name): told[name] for name in RESULTS_COUNTS}),
        money=money.money,
        counted_once=money.counted_once,
        exclusions=money.exclusions,
    )
