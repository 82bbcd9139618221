"""Sums of money over projects, by code: as reported, once per amount, and what lies between the two.

The database adds up. In a reporting currency it is told the rate of every currency and day first, which the rule in
``shared/figures/rates`` chooses.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.money import STAGES
from gateway.projection.money import UNDATED
from gateway.results.dimensions import GroupBy, Told, how_told
from gateway.results.presented import CodeMoney, Figure, Figures, Money, presented, told
from gateway.results.terms import Terms
from shared.chassis.db import execute
from shared.figures.money import PLANNED

_KEPT = (
    "SELECT {key}, NULL, m.currency, "  # noqa: S608  (names of our own)
    + ", ".join(f"CASE WHEN sum(m.{s}_values) > 0 THEN trim_scale(sum(m.{s})) END" for s in STAGES)
    + ", "
    + ", ".join(f"sum(m.{stage}_values)" for stage in STAGES)
    + " FROM money_total m{map} WHERE m.dimension = :dimension GROUP BY 1, 3"
)
_FROM = " FROM ({rows}) m{map}{rates}"
_OWN = (
    "{matching} SELECT {key}, {reason}, m.currency, "
    + ", ".join([*(f"trim_scale(sum(m.{s}))" for s in STAGES), *(f"count(m.{s})" for s in STAGES)])
    + _FROM
    + " GROUP BY 1, 2, 3"
)
_DAYS = "{matching} SELECT DISTINCT m.currency, m.valued_on" + _FROM
_RATES = (
    "{matching} r AS (SELECT * FROM unnest(CAST(:currencies AS text[]), CAST(:days AS date[]), CAST(:rates AS numeric[]),"
    " CAST(:planned AS numeric[]), CAST(:provisional AS bool[])) AS r(currency, valued_on, rate, planned, provisional))"
)
_JOIN_RATES = " JOIN r ON r.currency = m.currency AND r.valued_on = m.valued_on"


def _rate(stage: str) -> str:
    return "r.planned" if stage in PLANNED else "r.rate"


_CONVERTED = (
    _RATES
    + " SELECT {key}, {reason}, "
    + ", ".join(
        f"trim_scale(sum(CASE WHEN {_rate(s)} IS NOT NULL THEN m.{s} * {_rate(s)} WHEN m.{s} = 0 THEN 0 END))"
        for s in STAGES
    )
    + ", "
    + ", ".join(f"count(m.{s})" for s in STAGES)
    + ", "
    + ", ".join(
        f"count(m.{s}) FILTER (WHERE {str(s in PLANNED).lower()} AND r.provisional AND m.{s} <> 0)"
        for s in STAGES
    )
    + _FROM
    + " GROUP BY 1, 2"
)
_MISSING = (
    _RATES
    + " SELECT {key}, {reason}, m.currency, "
    + ", ".join(f"trim_scale(sum(m.{s}) FILTER (WHERE {_rate(s)} IS NULL AND m.{s} <> 0))" for s in STAGES)
    + ", "
    + ", ".join(f"count(m.{s}) FILTER (WHERE {_rate(s)} IS NULL AND m.{s} <> 0)" for s in STAGES)
    + _FROM
    + " WHERE r.rate IS NULL OR r.planned IS NULL GROUP BY 1, 2, 3"
)
_PLAN_ANEW = text("SET LOCAL plan_cache_mode = force_custom_plan")
"""A plan that does not know how many rates there are joins them one by one."""

_ByCode = defaultdict[Any, defaultdict[str | None, Figures]]
"""Figures by code, and by the reason why they are excluded (None where they are not)."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which projects' money is added up; ``matching`` is a common table ``a`` of them, empty for all projects."""

    matching: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    years: Sequence[int] = ()

    @property
    def is_everything(self) -> bool:
        """Whether it is all money of all projects."""
        return not self.matching and not self.years


async def sums(session: AsyncSession, scope: Scope, dimension: GroupBy, terms: Terms) -> dict[str, CodeMoney]:
    """Return the money of each code of a dimension."""
    query = _Query(session, scope, how_told(dimension), terms)
    reported = await query.figures("project_money")
    excluded = await query.figures("project_exclusion")
    return {
        code: told(reported[code][None], excluded.get(code, {}), terms)
        for code in reported.keys() | excluded.keys()
    }


async def money_of_projects(
    session: AsyncSession, ids: Sequence[UUID], terms: Terms
) -> dict[UUID, list[Money]]:
    """Return the money of each of some projects, as reported by it."""
    matching = "WITH a AS (SELECT u.id FROM unnest(CAST(:ids AS uuid[])) AS u(id))"
    scope = Scope(matching, {"ids": list(ids)})
    of_project = Told("all", "m.project_id")
    reported = await _Query(session, scope, of_project, terms).figures("project_money")
    return {id_: presented(figures[None], terms) for id_, figures in reported.items()}


@dataclass(frozen=True, slots=True)
class _Query:
    """What is added up, by which codes, and in which terms."""

    session: AsyncSession
    scope: Scope
    told: Told
    terms: Terms

    async def figures(self, table: str) -> _ByCode:
        """Return what a table adds up to."""
        if self.terms.currency is not None:
            return await self._converted(table, self.terms.currency)
        if self.scope.is_everything and table == "project_money":
            kept = text(_KEPT.format(key=self.told.key, map=self.told.join))
            rows: Iterable[Any] = await execute(self.session, kept, dimension=self.told.kept)
        else:
            rows = await self._run(_OWN, table)
        found: _ByCode = defaultdict(lambda: defaultdict(dict))
        for code, reason, currency, *columns in rows:
            found[code][reason][currency] = {
                stage: Figure(amount, int(values))
                for stage, amount, values in zip(STAGES, columns, columns[len(STAGES) :], strict=False)
                if amount is not None
            }
        return found

    async def _converted(self, table: str, currency: str) -> _ByCode:
        await execute(self.session, _PLAN_ANEW)
        rates = await self._rates(table)
        found: _ByCode = defaultdict(lambda: defaultdict(dict))
        size = len(STAGES)
        for code, reason, *columns in await self._run(_CONVERTED, table, _JOIN_RATES, **rates):
            found[code][reason][currency] = {
                stage: Figure(columns[place], columns[size + place], columns[2 * size + place])
                for place, stage in enumerate(STAGES)
                if columns[size + place]
            }
        if None not in (*rates["rates"], *rates["planned"]):
            return found
        for code, reason, own, *columns in await self._run(_MISSING, table, _JOIN_RATES, **rates):
            for place, stage in enumerate(STAGES):
                if columns[place] is not None:
                    missing = found[code][reason][currency][stage].missing
                    missing[own] = columns[place], columns[size + place]
        return found

    async def _rates(self, table: str) -> dict[str, Any]:
        """Return the rate of every currency and day there is, as columns."""
        terms = self.terms
        rows: list[tuple[str, Any, Decimal | None, Decimal | None, bool]] = []
        for currency, day in await self._run(_DAYS, table):
            if terms.table is not None:
                valued_on = None if day == UNDATED else day
                at = terms.table.at(currency, terms.currency, day) if valued_on else None
                planned = terms.table.planned(currency, terms.currency, valued_on, terms.today)
                rows.append(
                    (
                        currency,
                        day,
                        at.rate if at else None,
                        planned.rate if planned else None,
                        bool(planned and planned.provisional),
                    )
                )
        names = ("currencies", "days", "rates", "planned", "provisional")
        return {name: [row[place] for row in rows] for place, name in enumerate(names)}

    async def _run(
        self,
        statement: str,
        table: str,
        more: str = "",
        **parameters: Any,  # noqa: ANN401
    ) -> Iterable[Any]:
        matching = self.scope.matching
        if statement.startswith(_RATES):
            matching = f"{matching}," if matching else "WITH"
        written = statement.format(
            matching=matching,
            key=self.told.key,
            reason="m.reason" if table == "project_exclusion" else "NULL",
            rows=self.told.rows(table, filtered=bool(self.scope.matching)),
            map=self.told.join,
            rates=more,
        )
        return await execute(
            self.session,
            text(written),
            **self.scope.parameters,
            **parameters,
            dimension=self.told.kept,
            years=list(self.scope.years),
        )
