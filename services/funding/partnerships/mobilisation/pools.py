"""Pools: how their content is written, and what is in one."""

from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.partnerships.aggregates import POOLS
from services.funding.partnerships.balances import balance_of
from services.funding.rates.tables import rate_table
from shared.chassis.documents import DocumentRow, find
from shared.chassis.documents.faults import Found, told
from shared.chassis.errors import Invalid
from shared.contracts.funding.v1 import Pool
from shared.figures.partnerships import PoolBalance


def begun(content: Pool) -> Pool:
    """Return a new pool, of which nothing is allocated."""
    return content.model_copy(update={"allocations": ()})


def revised(pool: Pool, content: Pool) -> Pool:
    """Return the pool with other content, and with what is allocated as it stands.

    Raises:
        Invalid: the content breaks with what is allocated.

    """
    after = content.model_copy(update={"allocations": pool.allocations})
    if faults := told(_broken(pool, after)):
        raise Invalid("The pool breaks with what is allocated.", errors=faults)
    return after


def _broken(before: Pool, after: Pool) -> list[Found]:
    """Return what is wrong with a changed pool beside its allocations; what agreements bring is told by the balance."""
    faults: list[Found] = []
    if not before.allocations:
        return faults
    if before.currency != after.currency:
        faults.append(("/currency", "currency-changed", "Allocations are in the currency as it was."))
    if (after.carried_over or 0) < (before.carried_over or 0):
        detail = "Money is allocated; what was carried over does not become less."
        faults.append(("/carried_over", "allocation-over-pool", detail))
    return faults


async def look(
    session: AsyncSession, identifier: str, rate_source: str
) -> tuple[DocumentRow, Pool, PoolBalance]:
    """Return a pool and what is in it, converted by the rates of a source.

    Raises:
        NotFound: there is no such pool.

    """
    row = await find(session, POOLS, identifier)
    pool = Pool.from_json(row.document)
    return row, pool, await balance_of(session, pool, await rate_table(session, rate_source))
