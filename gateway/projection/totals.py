"""Sums over all projects, kept beside them so that a summary without filters need not add up a whole portfolio.

Whatever changes projects takes their shares out of the totals before and puts them back in after, in one
transaction. So the totals are always those of the rows they are made of.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Numeric, text
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.base import ReadBase
from gateway.money import STAGES
from shared.chassis.db import execute
from shared.figures.attribution import SPARSE

FINANCE_COUNTS = ("budgets", "planned_disbursements", "transactions")
RESULTS_COUNTS = (
    "results",
    "indicators",
    "indicators_reported",
    "indicators_with_progress",
    "indicators_on_track",
    "baselines",
    "periods",
    "targets",
    "actuals",
    "values_unreadable",
)
COUNTS = ("projects", *FINANCE_COUNTS, *RESULTS_COUNTS)

MEMBERSHIPS = (
    *("country", "region", "sector", "donor", "year", "earmarking", "modality"),
    *("country_programme", "country_outcome", "outcome", "sdg_target"),
)
"""Dimensions in which a project may have several codes, or none."""


class CountTotal(ReadBase, table=True):
    """How many projects a code of a dimension has, and how many of each those have."""

    __tablename__ = "count_total"

    dimension: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    projects: int = Field(sa_type=BigInteger)
    budgets: int = Field(sa_type=BigInteger)
    planned_disbursements: int = Field(sa_type=BigInteger)
    transactions: int = Field(sa_type=BigInteger)
    results: int = Field(sa_type=BigInteger)
    indicators: int = Field(sa_type=BigInteger)
    indicators_reported: int = Field(sa_type=BigInteger)
    indicators_with_progress: int = Field(sa_type=BigInteger)
    indicators_on_track: int = Field(sa_type=BigInteger)
    baselines: int = Field(sa_type=BigInteger)
    periods: int = Field(sa_type=BigInteger)
    targets: int = Field(sa_type=BigInteger)
    actuals: int = Field(sa_type=BigInteger)
    values_unreadable: int = Field(sa_type=BigInteger)


class MoneyTotal(ReadBase, table=True):
    """The money of a code by currency and year; ``..._values`` count the projects that tell of a stage."""

    __tablename__ = "money_total"

    dimension: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    budget: Decimal = Field(sa_type=Numeric)
    pledge: Decimal = Field(sa_type=Numeric)
    incoming_commitment: Decimal = Field(sa_type=Numeric)
    commitment: Decimal = Field(sa_type=Numeric)
    receipt: Decimal = Field(sa_type=Numeric)
    disbursement: Decimal = Field(sa_type=Numeric)
    expenditure: Decimal = Field(sa_type=Numeric)
    budget_values: int
    pledge_values: int
    incoming_commitment_values: int
    commitment_values: int
    receipt_values: int
    disbursement_values: int
    expenditure_values: int


MEMBERS = f"""
    SELECT 'all' AS dimension, '' AS code, a.id FROM a
    UNION ALL SELECT 'status', a.status, a.id FROM a
    UNION ALL (SELECT DISTINCT m.dimension, m.code, m.project_id FROM project_membership m
               WHERE m.project_id IN (SELECT id FROM a))
    UNION ALL (SELECT d.dimension, '', a.id FROM a CROSS JOIN unnest(ARRAY{list(MEMBERSHIPS)}) AS d(dimension)
               WHERE NOT EXISTS (SELECT FROM project_membership m
                                 WHERE m.project_id = a.id AND m.dimension = d.dimension))
"""  # noqa: S608  (names of our own)
"""The codes that each project of ``a`` counts for, in every dimension; the empty code where it has none."""

_VALUES = tuple(f"{stage}_values" for stage in STAGES)
_ADD_COUNTS = text(
    # Each subquery is looked up by project (OFFSET 0, EXCEPT), whatever the planner thinks of tables that it has not looked
    # at yet: it would rather read them whole, with every batch.
    "WITH a AS MATERIALIZED (SELECT p.id, p.status,"  # noqa: S608  (names of our own)
    f" {', '.join(f'f.{name}' for name in FINANCE_COUNTS)}, {', '.join(f'r.{name}' for name in RESULTS_COUNTS)}"
    " FROM unnest(CAST(:ids AS uuid[])) AS u(id)"
    " CROSS JOIN LATERAL (SELECT id, status FROM project_activity WHERE id = u.id OFFSET 0) p"
    " LEFT JOIN LATERAL (SELECT * FROM project_finance WHERE id = u.id OFFSET 0) f ON true"
    " LEFT JOIN LATERAL (SELECT * FROM project_results WHERE id = u.id OFFSET 0) r ON true),"
    " members AS (SELECT 'all' AS dimension, '' AS code, a.* FROM a UNION ALL SELECT 'status', a.status, a.* FROM a"
    " UNION ALL SELECT m.dimension, m.code, a.* FROM a CROSS JOIN LATERAL"
    " (SELECT DISTINCT dimension, code FROM project_membership WHERE project_id = a.id) m"
    " UNION ALL SELECT d.dimension, '', a.* FROM a CROSS JOIN LATERAL"
    f" (SELECT unnest(ARRAY{list(MEMBERSHIPS)}) EXCEPT SELECT dimension FROM project_membership WHERE project_id = a.id)"
    " AS d(dimension))"
    f" INSERT INTO count_total (dimension, code, {', '.join(COUNTS)})"
    " SELECT dimension, code, :sign * count(*), "
    + ", ".join(f":sign * coalesce(sum({name}), 0)" for name in (*FINANCE_COUNTS, *RESULTS_COUNTS))
    + " FROM members GROUP BY 1, 2 ON CONFLICT (dimension, code) DO UPDATE SET "
    + ", ".join(f"{name} = count_total.{name} + excluded.{name}" for name in COUNTS)
)
_ADD_MONEY = text(  # what projects state nothing of in a sparse dimension is without a code there
    "WITH m AS MATERIALIZED (SELECT money.* FROM unnest(CAST(:ids AS uuid[])) AS u(id) CROSS JOIN LATERAL"  # noqa: S608
    " (SELECT * FROM project_money WHERE project_id = u.id OFFSET 0) money),"
    f" of_codes AS (SELECT dimension, code, currency, year, {', '.join(STAGES)} FROM m"
    f" UNION ALL SELECT d.dimension, '', m.currency, m.year, {', '.join(STAGES)} FROM m"
    f" CROSS JOIN unnest(ARRAY{list(SPARSE)}) AS d(dimension) WHERE m.dimension = 'all'"
    " AND (m.project_id, d.dimension) NOT IN (SELECT project_id, dimension FROM m))"
    f" INSERT INTO money_total (dimension, code, currency, year, {', '.join(STAGES)}, {', '.join(_VALUES)})"
    " SELECT dimension, code, currency, year, "
    + ", ".join(f"trim_scale(:sign * coalesce(sum({stage}), 0))" for stage in STAGES)
    + ", "
    + ", ".join(f":sign * count({stage})" for stage in STAGES)
    + " FROM of_codes GROUP BY 1, 2, 3, 4"
    " ON CONFLICT (dimension, code, currency, year) DO UPDATE SET "
    + ", ".join(f"{stage} = trim_scale(money_total.{stage} + excluded.{stage})" for stage in STAGES)
    + ", "
    + ", ".join(f"{name} = money_total.{name} + excluded.{name}" for name in _VALUES)
)
_CLEAN = (
    text("DELETE FROM count_total WHERE projects = 0"),
    text(f"DELETE FROM money_total WHERE {' + '.join(_VALUES)} = 0"),  # noqa: S608
)


@asynccontextmanager
async def replaced(session: AsyncSession, ids: Collection[UUID]) -> AsyncIterator[None]:
    """Take the shares of projects out of the totals while they are changed, and put them back in afterwards."""
    had_shares = await _add(session, ids, -1)
    yield
    await _add(session, ids, 1)
    if had_shares:
        for statement in _CLEAN:
            await execute(session, statement)


async def _add(session: AsyncSession, ids: Collection[UUID], sign: int) -> bool:
    """Add shares, and tell whether there were any."""
    counts = await execute(session, _ADD_COUNTS, ids=list(ids), sign=sign)
    if counts.rowcount:
        await execute(session, _ADD_MONEY, ids=list(ids), sign=sign)
    return counts.rowcount > 0
