"""Use cases of pools: writing content, and looking at what is in one."""

from collections.abc import Callable

from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.models import PoolRow
from services.funding.partnerships.aggregates import POOLS
from services.funding.partnerships.balances import balance_of
from services.funding.rates.tables import rate_table
from shared.chassis.documents import Actor, DocumentRow, Stored, change, find, put_one
from shared.chassis.documents.faults import Found, told
from shared.chassis.errors import Invalid
from shared.contracts.funding.v1 import Pool
from shared.contracts.ids import pool_id
from shared.figures.partnerships import PoolBalance


async def put_pool(
    session: AsyncSession, actor: Actor, content: Pool, expected_version: int | None
) -> Stored:
    """Replace the content of a pool, or store a new one; what is allocated stays, whatever is sent.

    Raises:
        PreconditionFailed: the stored version is not ``expected_version``.
        Invalid: its content breaks a rule, or what is allocated.

    """
    row = await session.get(PoolRow, pool_id(content.identifier), with_for_update=True)
    if row is None:
        return await create_pool(session, actor, content, expected_version)
    return await revise_pool(session, actor, content.identifier, lambda _: content, expected_version)


async def create_pool(
    session: AsyncSession, actor: Actor, content: Pool, expected_version: int | None = None
) -> Stored:
    """Store a new pool, of which nothing is allocated.

    Raises:
        Conflict: it exists.
        Invalid: its content breaks a rule.

    """
    fresh = content.model_copy(update={"allocations": ()})
    return await put_one(
        session, POOLS, fresh, actor=actor, expected_version=expected_version, must_be_new=True
    )


async def revise_pool(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    rewrite: Callable[[Pool], Pool],
    expected_version: int | None,
) -> Stored:
    """Change the content of a pool.

    Raises:
        NotFound: there is no such pool.
        PreconditionFailed: the stored version is not ``expected_version``.
        Invalid: its content breaks a rule, or what is allocated.

    """

    def apply(pool: Pool) -> Pool:
        after = rewrite(pool).model_copy(update={"allocations": pool.allocations})
        if faults := told(_broken(pool, after)):
            raise Invalid("The pool breaks with what is allocated.", errors=faults)
        return after

    return await change(session, POOLS, identifier, apply, actor=actor, expected_version=expected_version)


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
