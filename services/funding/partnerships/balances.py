"""What is in a pool, by the agreements that are stored."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.models import AgreementRow
from shared.contracts.funding.v1 import Agreement, Pool
from shared.figures.biennium import biennium_named
from shared.figures.partnerships import PoolBalance, pool_balance
from shared.figures.rates import RateTable


async def balance_of(session: AsyncSession, pool: Pool, table: RateTable) -> PoolBalance:
    """Return what is in a pool, what of it is allocated and what is left."""
    statement = (
        select(AgreementRow.document)
        .where(col(AgreementRow.pool) == pool.code)
        .order_by(AgreementRow.identifier)
    )
    agreements = [Agreement.from_json(document) for document in await session.exec(statement)]
    return pool_balance(pool, agreements, biennium_named(pool.biennium), table)
