"""In which terms money is asked for: as reported or in one currency, at whose rates, as of which day."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import urlencode

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.results.filters import MoneyQuery
from shared.chassis.db import execute
from shared.chassis.errors import Fault, Invalid
from shared.contracts.funding.v1 import RateSheet
from shared.figures.currencies import exists
from shared.figures.delivery import DISBURSEMENT_AND_EXPENDITURE, Convention
from shared.figures.rates import RateTable, rates_of

KEPT_TABLES = 4

_STATE = text(
    "SELECT md5(string_agg(id || ' ' || version, ',' ORDER BY id)) FROM rate_sheet WHERE source = :source"
)
_SHEETS = text(
    "SELECT f.data FROM rate_sheet s JOIN fact f ON f.aggregate = 'rates' AND f.id = s.id AND f.version = s.version"
    " WHERE s.source = :source"
)


@dataclass(frozen=True, slots=True)
class Terms:
    """How money is to be told; ``currency`` None is as reported, and then there is no ``table``.

    ``as_of`` is the past moment that is asked for, None for now.
    """

    today: date
    convention: Convention
    rate_source: str
    currency: str | None = None
    table: RateTable | None = None
    as_of: datetime | None = None

    def address(self, path: str, **asked: str) -> str:
        """Return an address that asks for the same moment."""
        told = asked if self.as_of is None else {**asked, "as_of": self.as_of.isoformat()}
        return f"{path}?{urlencode(told)}" if told else path

    @property
    def are_plain(self) -> bool:
        """Whether money is told as it is kept."""
        return self.currency is None and self.convention == DISBURSEMENT_AND_EXPENDITURE


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates of a source; ``source`` is None where none are known, and then the table is empty."""

    source: str | None
    table: RateTable


class RateTables:
    """Tables of exchange rates, made once for each state of the rates that a source published."""

    def __init__(self, default_source: str) -> None:
        self._default_source = default_source
        self._tables: OrderedDict[str, RateTable] = OrderedDict()
        self._one = asyncio.Lock()

    async def terms(self, session: AsyncSession, query: MoneyQuery) -> Terms:
        """Return the terms of a query.

        Raises:
            Invalid: there is no such currency, or nothing is known of that source of rates.

        """
        source = query.rate_source or self._default_source
        today = (query.as_of or datetime.now(UTC)).date()
        if query.currency is None:
            return Terms(today, query.convention, source, as_of=query.as_of)
        if not exists(query.currency):
            fault = Fault(
                pointer="/currency",
                code="unknown-currency",
                detail=f"There is no currency {query.currency!r}.",
            )
            raise Invalid(fault.detail, errors=[fault])
        table = await self._table(session, source)
        if table is None:
            raise _unknown(source)
        return Terms(today, query.convention, source, query.currency, table, query.as_of)

    async def rates(self, session: AsyncSession, rate_source: str | None) -> Rates:
        """Return the rates of a source, or of the default one; of the latter there may be none.

        Raises:
            Invalid: nothing is known of the source that is named.

        """
        source = rate_source or self._default_source
        table = await self._table(session, source)
        if table is None and rate_source is not None:
            raise _unknown(rate_source)
        return Rates(None, RateTable(())) if table is None else Rates(source, table)

    async def _table(self, session: AsyncSession, source: str) -> RateTable | None:
        state = (await execute(session, _STATE, source=source)).scalar_one()
        if state is None:
            return None
        key = f"{source} {state}"
        async with self._one:
            if key not in self._tables:
                sheets = [row[0] for row in await execute(session, _SHEETS, source=source)]
                self._tables[key] = await asyncio.to_thread(_read, sheets)
        self._tables.move_to_end(key)
        while len(self._tables) > KEPT_TABLES:
            self._tables.popitem(last=False)
        return self._tables[key]


def _unknown(source: str) -> Invalid:
    detail = f"No exchange rates of {source!r} are known."
    return Invalid(detail, errors=[Fault(pointer="/rate_source", code="unknown-rate-source", detail=detail)])


def _read(sheets: Sequence[str]) -> RateTable:
    return RateTable(rate for data in sheets for rate in rates_of(RateSheet.from_event(data)))
