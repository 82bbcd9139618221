"""Delivery of projects in a year, the lowest rate first: the database puts them in order, the rules tell the figures."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.money import converted_money, money_by_stage
from gateway.projection.money import UNDATED
from gateway.results.accountability.delivered import Period, Yardstick, delivery_row, named
from gateway.results.accountability.projects import TITLES, title_in
from gateway.results.accountability.schemas import DeliveryRow
from gateway.results.presented import Money
from gateway.results.scope import projects_seen
from gateway.results.terms import Terms
from shared.chassis.db import execute
from shared.contracts.funding.v1 import PeriodBudget
from shared.figures.converted import Dated, converted_total
from shared.figures.delivery import EXPENDITURE_ONLY
from shared.figures.exact import EXACT
from shared.figures.money import PLANNED, Stage, effective_budgets

RATED: tuple[Stage, ...] = ("budget", "disbursement", "expenditure")
"""The stages that a delivery rate is made of, in the order of the columns that are read."""

_BUDGETS = TypeAdapter(tuple[PeriodBudget, ...])

_FROM = " FROM project_money m{join} WHERE m.dimension = 'all' AND m.year = :year"
_DAYS = text(f"SELECT DISTINCT m.currency, m.valued_on{_FROM.format(join='')}")
_RATES = (
    "r AS (SELECT * FROM unnest(CAST(:currencies AS text[]), CAST(:days AS date[]), CAST(:rates AS numeric[]),"
    " CAST(:planned AS numeric[])) AS r(currency, valued_on, rate, planned)), "
)
_OWN = (
    "p AS (SELECT m.project_id, m.currency, sum(m.budget) AS budget, sum(m.disbursement) AS disbursement,"
    " sum(m.expenditure) AS expenditure, false AS incomplete" + _FROM.format(join="") + " GROUP BY 1, 2)"
)
_CONVERTED = (
    "p AS (SELECT m.project_id, CAST(:currency AS text) AS currency, sum(m.budget * r.planned) AS budget,"
    " sum(m.disbursement * r.rate) AS disbursement, sum(m.expenditure * r.rate) AS expenditure,"
    " bool_or(m.budget <> 0 AND r.planned IS NULL"
    " OR (m.expenditure <> 0 OR {advances} AND m.disbursement <> 0) AND r.rate IS NULL) AS incomplete"
    + _FROM.format(join=" JOIN r ON r.currency = m.currency AND r.valued_on = m.valued_on")
    + " GROUP BY 1, 2)"
)
_PAGE = (
    "WITH {rates}{sums}, s AS (SELECT p.*, CASE WHEN {advances} AND (p.disbursement IS NOT NULL OR p.expenditure IS NOT NULL)"
    " THEN coalesce(p.disbursement, 0) + coalesce(p.expenditure, 0) ELSE p.expenditure END AS spend FROM p),"
    " o AS (SELECT s.project_id, a.iati_identifier, s.currency, {titles} AS titles,"
    " CASE WHEN s.budget > 0 AND NOT coalesce(s.incomplete, false) THEN s.spend / s.budget END AS ratio"
    " FROM s JOIN project_activity a ON a.id = s.project_id"
    " WHERE (s.budget IS NOT NULL OR s.spend IS NOT NULL OR s.incomplete) AND {seen})"
    " SELECT o.project_id, o.iati_identifier, o.currency, o.titles, CAST(o.ratio AS text) FROM o"
    " WHERE CAST(:code AS text) IS NULL OR (o.ratio IS NULL, coalesce(o.ratio, 0), o.iati_identifier, o.currency)"
    " > (:unrated, CAST(:ratio AS numeric), :code, :after_currency)"
    " ORDER BY o.ratio IS NULL, coalesce(o.ratio, 0), o.iati_identifier, o.currency LIMIT :limit"
)
_MONEY = text(
    "SELECT m.project_id, m.currency, m.valued_on, m.budget, m.disbursement, m.expenditure"
    f"{_FROM.format(join='')} AND m.project_id = ANY(:ids)"
)

_PERIODS = text(
    "SELECT p.id, CAST(CAST(f.data AS json) -> 'budgets' AS text) FROM project_finance p"
    " JOIN fact f ON f.aggregate = 'finance' AND f.id = p.id AND f.version = p.version WHERE p.id = ANY(:ids)"
)

_Values: TypeAlias = dict[Stage, list[Dated]]


class Place(NamedTuple):
    """A place in the order of deliveries: the rate as text (empty where there is none), code and currency."""

    ratio: str
    code: str
    currency: str


class Part(NamedTuple):
    """Which part of a list is wanted: after which place, and how many rows."""

    after: Place | None
    limit: int


async def project_rows(
    session: AsyncSession, year: int, yardstick: Yardstick, terms: Terms, part: Part
) -> list[tuple[Place, DeliveryRow]]:
    """Return a page of projects' deliveries with their places, and one more."""
    found = await _in_order(session, year, terms, part)
    ids = [row[0] for row in found]
    money = await _money(session, year, ids, terms)
    periods = await _periods(session, year, ids)
    rows = []
    for id_, identifier, currency, titles, ratio in found:
        what = named(identifier, title_in(titles), year)
        if id_ in periods:
            what = what._replace(period=periods[id_])
        told = delivery_row(what, money[id_, currency], yardstick)
        rows.append((Place(ratio or "", identifier, currency), told))
    return rows


async def _in_order(session: AsyncSession, year: int, terms: Terms, part: Part) -> Sequence[Any]:
    advances = "false" if terms.convention == EXPENDITURE_ONLY else "true"
    sums, rates, bound = _OWN, "", {}
    if terms.currency is not None:
        sums, rates = _CONVERTED.format(advances=advances), _RATES
        bound = {"currency": terms.currency, **await _rates(session, year, terms)}
    seen = projects_seen(session)
    statement = text(_PAGE.format(rates=rates, sums=sums, advances=advances, titles=TITLES, seen=seen.sql))
    place = part.after or Place("", "", "")
    rows = await execute(
        session,
        statement,
        year=year,
        limit=part.limit + 1,
        code=part.after.code if part.after else None,
        unrated=not place.ratio,
        ratio=place.ratio or "0",
        after_currency=place.currency,
        **bound,
        **seen.parameters,
    )
    return rows.all()


async def _rates(session: AsyncSession, year: int, terms: Terms) -> dict[str, Any]:
    """Return the rate of every currency and day of the year's money, as columns."""
    columns: dict[str, list[Any]] = {"currencies": [], "days": [], "rates": [], "planned": []}
    for currency, day in await execute(session, _DAYS, year=year):
        valued_on = None if day == UNDATED else day
        table = terms.table
        at = table.at(currency, terms.currency, valued_on) if table and valued_on else None
        planned = table.planned(currency, terms.currency, valued_on, terms.today) if table else None
        columns["currencies"].append(currency)
        columns["days"].append(day)
        columns["rates"].append(at.rate if at else None)
        columns["planned"].append(planned.rate if planned else None)
    return columns


async def _money(
    session: AsyncSession, year: int, ids: Sequence[UUID], terms: Terms
) -> dict[tuple[UUID, str], Money]:
    """Return what some projects report of a year, by project and currency, or in the one that is asked for."""
    values: defaultdict[tuple[UUID, str], _Values] = defaultdict(lambda: defaultdict(list))
    for id_, currency, day, *amounts in await execute(session, _MONEY, year=year, ids=list(ids)):
        for stage, amount in zip(RATED, amounts, strict=True):
            if amount is not None:
                valued_on: date | None = None if day == UNDATED else day
                dated = Dated(currency or None, valued_on, amount, stage in PLANNED)
                values[id_, terms.currency or currency][stage].append(dated)
    return {key: _told(key[1], stages, terms) for key, stages in values.items()}


async def _periods(session: AsyncSession, year: int, ids: Sequence[UUID]) -> dict[UUID, Period]:
    """Return the first and last day of the budgets of a year, of those projects that have one."""
    periods = {}
    for id_, budgets in await execute(session, _PERIODS, ids=list(ids)):
        listed = [
            each
            for _, each in effective_budgets(_BUDGETS.validate_json(budgets or "[]", extra="ignore"))
            if each.period_start.year == year
        ]
        if listed:
            start, end = min(each.period_start for each in listed), max(each.period_end for each in listed)
            periods[id_] = start, end
    return periods


def _told(currency: str, stages: _Values, terms: Terms) -> Money:
    if terms.currency is None or terms.table is None:
        sums = {stage: _sum(values) for stage, values in stages.items()}
        return money_by_stage(currency or None, sums, terms.convention)
    totals = {
        stage: converted_total(values, terms.currency, terms.table, today=terms.today)
        for stage, values in stages.items()
    }
    return converted_money(terms.currency, totals, rate_source=terms.rate_source, convention=terms.convention)


def _sum(values: Sequence[Dated]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = EXACT.add(total, value.amount)
    return total
