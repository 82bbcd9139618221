"""Putting rates into the sheets of their source and month."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.aggregates import RATE_SHEETS
from services.funding.models import RateSheetRow
from services.funding.rates.files import Rates
from shared.chassis.db import is_one_of
from shared.chassis.documents import Actor, Stored, put_many
from shared.chassis.errors import Conflict
from shared.contracts.funding.v1 import ExchangeRate, RateSheet
from shared.contracts.ids import rate_sheet_id
from shared.figures.rates import RateKind

CONCURRENT = "concurrent-change"


class Source(NamedTuple):
    """Who publishes rates, of what kind, and of which currency's units they are told."""

    name: str
    kind: RateKind
    base: str


@dataclass(slots=True)
class Counts:
    """What became of rates."""

    added: int = 0
    replaced: int = 0
    kept: int = 0


def by_month(rates: Rates) -> dict[str, Rates]:
    """Return rates apart by month, the earliest first."""
    months: dict[str, Rates] = {}
    for (currency, day), units in rates.items():
        months.setdefault(day.isoformat()[:7], {})[currency, day] = units
    return dict(sorted(months.items()))


def merged(sheet: RateSheet, rates: Rates, counts: Counts, *, replace: bool) -> RateSheet:
    """Return a sheet with more rates, and count them; those that it has already give way only if told so.

    A number that is written in another way (``1.10``) is not another rate.
    """
    held = {(rate.currency, rate.date): rate.rate for rate in sheet.rates}
    united = dict(held)
    for key, units in rates.items():
        if key not in held:
            united[key] = units
            counts.added += 1
        elif replace and held[key] != units:
            united[key] = units
            counts.replaced += 1
        else:
            counts.kept += 1
    if united == held:
        return sheet
    listed = tuple(ExchangeRate(currency=code, date=day, rate=units) for (code, day), units in united.items())
    return RateSheet(source=sheet.source, kind=sheet.kind, base=sheet.base, month=sheet.month, rates=listed)


async def put_rates(
    session: AsyncSession, source: Source, rates: Mapping[str, Rates], *, actor: Actor, replace: bool
) -> tuple[Counts, list[Stored]]:
    """Put rates by month into their sheets, in the caller's transaction.

    Raises:
        Conflict: the source has sheets of another kind or base, or another write came in between.

    """
    await _require_same(session, source)
    held = await _held(session, source, rates)
    counts, sheets = await asyncio.to_thread(_merge_all, source, held, rates, replace=replace)
    stored = await put_many(session, RATE_SHEETS, sheets, actor=actor)
    for answer in stored:
        seen = held[answer.identifier].version if answer.identifier in held else 0
        if (
            answer.version > seen + 1
        ):  # made by another write since we looked, without the rates of that write
            raise Conflict("Another write changed one of these sheets.", code=CONCURRENT)
    return counts, stored


class _Held(NamedTuple):
    version: int
    document: str


def _merge_all(
    source: Source, held: Mapping[str, _Held], rates: Mapping[str, Rates], *, replace: bool
) -> tuple[Counts, list[RateSheet]]:
    counts, sheets = Counts(), []
    for month, added in rates.items():
        known = held.get(_identifier(source, month))
        sheet = (
            RateSheet.from_json(known.document)
            if known
            else RateSheet(source=source.name, kind=source.kind, base=source.base, month=month)
        )
        sheets.append(merged(sheet, added, counts, replace=replace))
    return counts, sheets


async def _require_same(session: AsyncSession, source: Source) -> None:
    other = or_(col(RateSheetRow.kind) != source.kind, col(RateSheetRow.base) != source.base)
    columns = select(RateSheetRow.identifier, RateSheetRow.kind, RateSheetRow.base)
    found = (
        await session.exec(columns.where(col(RateSheetRow.source) == source.name, other).limit(1))
    ).first()
    if found is not None:
        detail = f"The sheet {found[0]} is of kind {found[1]} and base {found[2]}."
        raise Conflict(detail, code="other-kind-or-base")


async def _held(session: AsyncSession, source: Source, months: Iterable[str]) -> dict[str, _Held]:
    """Return the sheets that are there, by identifier, locked in the order in which every writer locks them."""
    ids = [rate_sheet_id(_identifier(source, month)) for month in months]
    statement = (
        select(RateSheetRow.identifier, RateSheetRow.version, RateSheetRow.document)
        .where(is_one_of(RateSheetRow.id, ids))
        .order_by(col(RateSheetRow.id))
        .with_for_update()
    )
    return {row[0]: _Held(row[1], row[2]) for row in await session.exec(statement)}


def _identifier(source: Source, month: str) -> str:
    return f"{source.name}/{month}"
