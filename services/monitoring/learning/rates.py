"""The exchange rates that budgets are converted by where evaluations are planned: no more sheets than are needed."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring.copies import RATES
from services.monitoring.models import Copy
from shared.chassis.db import is_one_of
from shared.contracts.funding.v1 import RateSheet
from shared.contracts.ids import rate_sheet_id
from shared.figures.rates import UN_OPERATIONAL_DAYS, RateTable, rates_of

FIRST_YEAR = 1990
"""No sheet is looked for from before."""
NEWEST = 2
"""So many of the newest sheets hold the latest rates: this month's may have none up to today yet."""
_EARLIEST = date(FIRST_YEAR, 1, 1)
_REACH = timedelta(days=UN_OPERATIONAL_DAYS)
"""The longest time that a rate is in effect, save for those that a donor agreed to."""


async def rate_table(
    session: AsyncSession, source: str, valued_on: Iterable[date | None], *, today: date
) -> RateTable:
    """Return the rates of a source that may be in effect on some days, and the latest up to today.

    Nothing is read where there are no days.
    """
    days = {max(min(day or today, today), _EARLIEST) for day in valued_on}
    if not days:
        return RateTable(())
    known = await _known(session, source, today)
    needed = {month for day in days for month in _months(day)}
    for month in sorted(known)[-NEWEST:]:
        needed |= _months(_last_day(month))
    wanted = [known[month] for month in sorted(needed & set(known))]
    sheets = await _read(session, wanted)
    if any(sheet.kind == "donor" for sheet in sheets):
        sheets = await _read(session, list(known.values()))
    return await asyncio.to_thread(RateTable, [rate for sheet in sheets for rate in rates_of(sheet)])


async def _known(session: AsyncSession, source: str, today: date) -> dict[str, UUID]:
    """Return the ids of the sheets of a source that are there up to this month, by month."""
    months = (f"{year}-{month:02}" for year in range(FIRST_YEAR, today.year + 1) for month in range(1, 13))
    ids = {rate_sheet_id(f"{source}/{month}"): month for month in months if month <= f"{today:%Y-%m}"}
    statement = select(Copy.id).where(col(Copy.aggregate) == RATES.aggregate, is_one_of(Copy.id, ids))
    return {ids[each]: each for each in await session.exec(statement)}


async def _read(session: AsyncSession, ids: Sequence[UUID]) -> list[RateSheet]:
    statement = (
        select(Copy.document)
        .where(col(Copy.aggregate) == RATES.aggregate, is_one_of(Copy.id, ids))
        .order_by(col(Copy.id))
    )
    return [RateSheet.from_event(document) for document in await session.exec(statement)]


def _months(day: date) -> set[str]:
    """Return the months of which a rate may be in effect on a day."""
    first, months = day - _REACH, set()
    while first <= day:
        months.add(f"{first:%Y-%m}")
        first += timedelta(days=1)
    return months


def _last_day(month: str) -> date:
    year, number = int(month[:4]), int(month[5:])
    following = date(year + number // 12, number % 12 + 1, 1)
    return following - timedelta(days=1)
