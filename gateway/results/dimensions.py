"""By what a summary groups: which rows tell a dimension, and how its codes follow from theirs.

Most dimensions are kept as they are asked for. A category of earmarking or a country programme is part of the code that is
kept; an objective, an office and what is fragile follow from other codes by the map that programming documents make.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.totals import MEMBERS
from shared.chassis.db import execute
from shared.figures.attribution import SPARSE
from shared.figures.classifications import FIRST_YEAR, Follows, follower
from shared.figures.explanation import Grouping
from shared.figures.outcomes import programme_of

GroupBy = Literal[
    "country",
    "region",
    "sector",
    "donor",
    "status",
    "year",
    "outcome",
    "objective",
    "country_programme",
    "country_outcome",
    "sdg_target",
    "earmarking",
    "modality",
    "fragility",
    "field_office",
    "all",
]
"""``all`` tells the whole alone."""

CodeOf = Callable[[str, int], str]
"""The code that follows from a code and a year."""

MAPPED: Mapping[str, Literal["outcome", "country"]] = {
    "objective": "outcome",
    "field_office": "country",
    "fragility": "country",
}
"""The dimensions whose codes follow from others by the map, and from which."""

_MAP = (
    " LEFT JOIN code_map c ON c.dimension = '{name}' AND c.source_code = m.code AND m.code <> ''"
    " AND m.year BETWEEN c.from_year AND c.to_year"
    " LEFT JOIN code_map o ON o.dimension = '{name}' AND o.source_code = '' AND m.code <> ''"
    " AND m.year BETWEEN o.from_year AND o.to_year"
)
_MAPPED_CODE = "coalesce(c.code, o.code, '')"
_OF_YEARS = "(cardinality(CAST(:years AS int[])) = 0 OR m.year = ANY(:years))"
_KEPT = "SELECT m.* FROM {table} m{scope} WHERE m.dimension = :dimension AND " + _OF_YEARS  # noqa: S608  (names of our own)
_UNSTATED = (
    " UNION ALL SELECT m.* FROM {table} m{scope} WHERE m.dimension = 'all' AND "  # noqa: S608  (names of our own)
    + _OF_YEARS
    + " AND m.project_id <> ALL (ARRAY("
    "SELECT DISTINCT s.project_id FROM project_money s{stated} WHERE s.dimension = :dimension))"
)
"""An array, because a join with what is not there is planned for hardly any rows and then meets them all."""
_SCOPE = " JOIN a ON a.id = {table}.project_id"
_YEARS_OF_PROJECTS = (
    "SELECT m.project_id, m.code, CAST(y.code AS int) AS year FROM project_membership m"
    " JOIN project_membership y ON y.project_id = m.project_id AND y.dimension = 'year'"
    " WHERE m.dimension = '{source}' AND m.project_id IN (SELECT id FROM a)"
)
_CODES_OF_PROJECTS = (
    f"SELECT m.project_id, m.code, {FIRST_YEAR} AS year FROM project_membership m"  # noqa: S608  (names of our own)
    " WHERE m.dimension = '{source}' AND m.project_id IN (SELECT id FROM a)"
)
_MAPPED_MEMBERS = (
    f"WITH of_codes AS MATERIALIZED (SELECT DISTINCT {_MAPPED_CODE} AS code, m.project_id AS id"  # noqa: S608
    f" FROM ({{codes}}) m{{map}} WHERE {{years}} AND {_MAPPED_CODE} <> '')"
    " SELECT '{name}' AS dimension, of_codes.code, of_codes.id FROM of_codes"
    " UNION ALL SELECT '{name}', '', a.id FROM a WHERE a.id NOT IN (SELECT id FROM of_codes)"
)
_ROWS = text("SELECT source_code, from_year, to_year, code FROM code_map WHERE dimension = :dimension")


@dataclass(frozen=True, slots=True)
class Told:
    """How a dimension is told: the dimension of the rows that tell it, and the SQL of its codes from those.

    ``key`` is an expression on rows of money ``m``, joined with ``join``.
    """

    kept: Grouping
    key: str = "m.code"
    join: str = ""

    def rows(self, table: str, *, filtered: bool) -> str:
        """Return the SQL of the rows of money to add up.

        They bind ``dimension`` and ``years``; where a project states nothing, all of its money is among them.

        Args:
            table: of money or of what is excluded of it.
            filtered: whether a common table ``a`` tells the projects that count.

        """
        scope, stated = (_SCOPE.format(table=name) if filtered else "" for name in ("m", "s"))
        written = _KEPT + (_UNSTATED if self.kept in SPARSE else "")
        return written.format(table=table, scope=scope, stated=stated)


_PROGRAMME = "replace(replace(split_part(m.code, '/', 1), '%2F', '/'), '%25', '%')"
_TOLD: Mapping[str, Told] = {
    "year": Told("all", "CAST(m.year AS text)"),
    "earmarking": Told("earmarking_modality", "split_part(m.code, '/', 1)"),
    "modality": Told("earmarking_modality", "split_part(m.code, '/', 2)"),
    "country_programme": Told("country_outcome", _PROGRAMME),
    **{name: Told(source, _MAPPED_CODE, _MAP.format(name=name)) for name, source in MAPPED.items()},
}


def how_told(group: GroupBy) -> Told:
    """Return how a dimension is told."""
    match group:
        case "all" | "status" | "country" | "region" | "sector" | "donor":
            return Told(group)
        case "outcome" | "country_outcome" | "sdg_target":
            return Told(group)
        case _:
            return _TOLD[group]


def members(group: GroupBy) -> str:
    """Return the SQL of the codes that each project of a common table ``a`` counts for, the empty one where it has none.

    Columns are ``dimension``, ``code`` and ``id``. That of a mapped dimension binds ``years``: in what is bound to years,
    a project counts for those in which it runs or has money.
    """
    if group not in MAPPED:
        return MEMBERS
    of_years = group == "fragility"
    codes = _YEARS_OF_PROJECTS if of_years else _CODES_OF_PROJECTS
    return _MAPPED_MEMBERS.format(
        name=group,
        codes=codes.format(source=MAPPED[group]),
        map=_MAP.format(name=group),
        years=_OF_YEARS if of_years else "true",
    )


async def code_of(session: AsyncSession, group: GroupBy) -> CodeOf:
    """Return how a dimension's codes follow from those of its rows."""
    match group:
        case "year":
            return lambda _, year: str(year)
        case "earmarking":
            return lambda code, _: code.partition("/")[0]
        case "modality":
            return lambda code, _: code.partition("/")[2]
        case "country_programme":
            return lambda code, _: programme_of(code)
        case "objective" | "field_office" | "fragility":
            rows = await execute(session, _ROWS, dimension=group)
            return follower(Follows(*row) for row in rows)
        case _:
            return lambda code, _: code
