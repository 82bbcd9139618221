"""The rates of a source, ready to be looked up, made once for each state of its sheets."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.models import RateSheetRow
from shared.chassis.db import execute
from shared.contracts.funding.v1 import RateSheet
from shared.figures.rates import RateTable, rates_of

KEPT_TABLES = 4

_STATE = text(
    "SELECT md5(string_agg(id || ' ' || encode(digest, 'hex'), ',' ORDER BY id)) FROM rate_sheet"
    " WHERE source = :source"
)
_tables: OrderedDict[str, RateTable] = OrderedDict()
"""By source and what its sheets say, so that the databases of one process can not be taken for each other."""


async def rate_table(session: AsyncSession, source: str) -> RateTable:
    """Return the table of a source; it has no rates where nothing is known of the source."""
    state = (await execute(session, _STATE, source=source)).scalar_one()
    key = f"{source} {state}"
    if key not in _tables:
        sheets = select(RateSheetRow.document).where(col(RateSheetRow.source) == source)
        _tables[key] = await asyncio.to_thread(_read, (await session.exec(sheets)).all())
    _tables.move_to_end(key)
    while len(_tables) > KEPT_TABLES:
        _tables.popitem(last=False)
    return _tables[key]


def _read(sheets: Sequence[str]) -> RateTable:
    return RateTable(rate for data in sheets for rate in rates_of(RateSheet.from_json(data)))
