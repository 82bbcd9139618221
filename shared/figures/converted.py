"""Totals in one reporting currency, made of amounts in many.

Source: IATI activity standard (the value date determines the exchange rate). An amount without a rate is never
converted by guess: it stays apart, in its own currency, and the total says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from shared.figures.exact import EXACT
from shared.figures.rates import Conversion, RateTable


class Dated(NamedTuple):
    """Money of one currency and value date; ``values`` tells how many values it was added up from.

    ``valued_on`` is None for planned money without a value date.
    """

    currency: str | None
    valued_on: date | None
    amount: Decimal
    planned: bool = False
    values: int = 1


@dataclass(frozen=True, slots=True)
class Missing:
    """Money of one currency that could not be converted."""

    currency: str | None
    amount: Decimal
    values: int


@dataclass(frozen=True, slots=True)
class ConvertedTotal:
    """The sum of what could be converted, None where nothing could; ``provisional`` where a latest rate was taken."""

    amount: Decimal | None
    missing: tuple[Missing, ...] = ()
    provisional: bool = False


def conversion_of(dated: Dated, into: str, table: RateTable, *, today: date) -> Conversion | None:
    """Return the rate that applies to money: that of its value date, or for planned money to come the latest."""
    if dated.planned:
        return table.planned(dated.currency, into, dated.valued_on, today)
    return table.at(dated.currency, into, dated.valued_on) if dated.valued_on else None


def converted_total(amounts: Iterable[Dated], into: str, table: RateTable, *, today: date) -> ConvertedTotal:
    """Return a total in a reporting currency, exact: each amount times its rate (IATI activity standard).

    Zero is zero in every currency, with a rate or without.

    Args:
        amounts: what is added up, all of one stage.
        into: the reporting currency.
        table: the rates of one source.
        today: the day up to which rates are known.

    """
    total: Decimal | None = None
    missing: dict[str | None, tuple[Decimal, int]] = {}
    provisional = False
    for dated in amounts:
        conversion = conversion_of(dated, into, table, today=today)
        if conversion is None and dated.amount:
            amount, values = missing.get(dated.currency, (Decimal(0), 0))
            missing[dated.currency] = EXACT.add(amount, dated.amount), values + dated.values
            continue
        part = EXACT.multiply(dated.amount, conversion.rate) if conversion else Decimal(0)
        total = part if total is None else EXACT.add(total, part)
        provisional = provisional or bool(conversion and conversion.provisional and dated.amount)
    in_order = sorted(missing, key=lambda currency: currency or "")
    return ConvertedTotal(total, tuple(Missing(c, *missing[c]) for c in in_order), provisional)
