"""Exchange rates in effect on a day.

Source: IATI activity standard (the value date determines the exchange rate); UN operational rates of exchange (the
rate in effect on the date of the transaction). A rate that is not there is never replaced by a later one, by one
that is too old, by a guess, or by 1.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Literal

from shared.contracts.funding.v1 import RateSheet

RateKind = Literal["un-operational", "ecb-daily", "donor"]

ECB_DAILY_DAYS = 10
"""Covers week-ends and holidays, the longest of which is Easter. Beyond that the source has stopped: RUB in March
2022, HRK and BGN when the euro came."""

UN_OPERATIONAL_DAYS = 45
"""Rates are set for a month, some of them again within it; half a month is left for a sheet that comes late."""

LONGEST_IN_EFFECT: Mapping[RateKind, timedelta | None] = {
    "ecb-daily": timedelta(days=ECB_DAILY_DAYS),
    "un-operational": timedelta(days=UN_OPERATIONAL_DAYS),
    "donor": None,  # agreed for as long as the agreement lasts
}
"""How old a rate may be and still be in effect, None for ever."""

DIGITS = 12
"""Significant digits of a rate that had to be divided."""

_DOWN = Context(prec=DIGITS, rounding=ROUND_DOWN)
_MEMORY = 65_536
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Rate:
    """What a source published: units of ``currency`` for one unit of ``base``, in effect from ``date``."""

    source: str
    kind: RateKind
    base: str
    currency: str
    date: date
    units: Decimal


@dataclass(frozen=True, slots=True)
class Conversion:
    """A rate as it applies: units of the target for one unit of the origin, and the published rates behind it.

    ``date`` is that of the older leg. Money that is in the target already has rate 1, no legs, and neither source
    nor kind.
    """

    rate: Decimal
    date: date
    source: str | None
    kind: RateKind | None
    provisional: bool
    legs: tuple[Rate, ...]


def rates_of(sheet: RateSheet) -> Iterator[Rate]:
    """Yield the rates of a sheet."""
    for rate in sheet.rates:
        yield Rate(sheet.source, sheet.kind, sheet.base, rate.currency, rate.date, rate.rate)


@lru_cache(1024)
def currency_code(text: str | None) -> str | None:
    """Return a currency's code as it is compared; None where there is none."""
    return ((text or "").strip().upper()) or None


class RateTable:
    """The rates of one source, made ready to be looked up; read only.

    A source has one kind and one base. Where sheets of it say otherwise, two rates are only ever crossed within
    one kind and base, and the conversion of the latest date applies.
    """

    def __init__(self, rates: Iterable[Rate]) -> None:
        """Sort the rates; of two of the same currency and day the later in the iterable stands.

        Raises:
            ValueError: the rates are of several sources, or one is not above zero.

        """
        grouped: dict[tuple[RateKind, str], list[Rate]] = {}
        sources = set()
        for rate in rates:
            if rate.units <= 0:
                raise ValueError(f"the rate of {rate.currency} on {rate.date} is not above zero")
            sources.add(rate.source)
            grouped.setdefault((rate.kind, currency_code(rate.base) or ""), []).append(rate)
        if len(sources) > 1:
            raise ValueError(f"rates of several sources: {', '.join(sorted(sources))}")
        self._series = [_Series(kind, base, listed) for (kind, base), listed in sorted(grouped.items())]
        self._at = lru_cache(_MEMORY)(self._find_at)
        self._latest = lru_cache(_MEMORY)(self._find_latest)

    def at(self, currency: str | None, into: str | None, on: date) -> Conversion | None:
        """Return the rate in effect on a day: the latest on or before it that is not too old (UN operational rates).

        None where either currency has no such rate, or is not known.
        """
        return self._at(currency, into, on)

    def planned(
        self, currency: str | None, into: str | None, value_date: date | None, today: date
    ) -> Conversion | None:
        """Return the rate for money that is planned (IATI activity standard: the value date determines the rate).

        That of its value date; where this is not known or still to come, the latest rate up to today, which is
        provisional. A currency that the source had given up by its last day up to today has no latest rate.
        """
        if value_date is not None and value_date <= today:
            return self._at(currency, into, value_date)
        return self._latest(currency, into, today)

    def _find_at(self, currency: str | None, into: str | None, on: date) -> Conversion | None:
        origin, target = currency_code(currency), currency_code(into)
        if origin is None or target is None:
            return None
        if origin == target:
            return Conversion(_ONE, on, None, None, provisional=False, legs=())
        found = (series.at(origin, target, on) for series in self._series)
        return max(filter(None, found), key=attrgetter("date"), default=None)

    def _find_latest(self, currency: str | None, into: str | None, today: date) -> Conversion | None:
        origin, target = currency_code(currency), currency_code(into)
        if origin is None or target is None or origin == target:
            return self._find_at(origin, target, today)
        days = ((series, series.last_day(today)) for series in self._series)
        found = (series.at(origin, target, day) for series, day in days if day is not None)
        latest = max(filter(None, found), key=attrgetter("date"), default=None)
        return latest and replace(latest, provisional=True)


class _Series:
    """Rates of one kind and base, in order of date by currency."""

    def __init__(self, kind: RateKind, base: str, rates: Iterable[Rate]) -> None:
        self._kind, self._base, self._longest = kind, base, LONGEST_IN_EFFECT[kind]
        listed: dict[str, dict[date, Rate]] = {}
        for rate in rates:
            listed.setdefault(currency_code(rate.currency) or "", {})[rate.date] = rate
        listed.pop(base, None)
        self._days = {currency: sorted(by_day) for currency, by_day in listed.items()}
        self._rates = {
            currency: [listed[currency][day] for day in days] for currency, days in self._days.items()
        }
        self._all_days = sorted(set(chain.from_iterable(self._days.values())))

    def last_day(self, today: date) -> date | None:
        """Return the latest day on or before today of which there is any rate."""
        place = bisect_right(self._all_days, today)
        return self._all_days[place - 1] if place else None

    def at(self, origin: str, target: str, on: date) -> Conversion | None:
        """Return the conversion between two different currencies on a day."""
        given, got = self._leg(origin, on), self._leg(target, on)
        if origin == self._base:
            return self._conversion(got.units, got) if got else None
        if target == self._base:
            return self._conversion(_DOWN.divide(_ONE, given.units), given) if given else None
        if given is None or got is None:
            return None
        return self._conversion(_DOWN.divide(got.units, given.units), given, got)

    def _leg(self, currency: str, on: date) -> Rate | None:
        days = self._days.get(currency, ())
        place = bisect_right(days, on)
        if not place or (self._longest is not None and on - days[place - 1] > self._longest):
            return None
        return self._rates[currency][place - 1]

    def _conversion(self, rate: Decimal, *legs: Rate) -> Conversion:
        day = min(leg.date for leg in legs)
        return Conversion(rate, day, legs[0].source, self._kind, provisional=False, legs=legs)
