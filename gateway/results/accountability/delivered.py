"""Delivery against what the day makes one expect: rows of one thing, year and currency.

Source: ILO GB.267/TC/1, appendix I, for the rate; the level that a year is to reach is configured, not a rule of the field.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from gateway.money import FIGURE_OF_STAGE, ConvertedMoney, DeliveryRate, MissingMoney, delivery_of
from gateway.results.accountability.schemas import DeliveryRow
from gateway.results.presented import Money
from shared.figures.delivery import STAGES_OF, Convention, expected_delivery
from shared.figures.exact import EXACT
from shared.figures.money import Stage

Period: TypeAlias = tuple[date, date]
"""First and last day."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What deliveries are held against: the level of a whole period, the share of it before which nothing is, the day."""

    threshold: Decimal
    begins: Decimal
    today: date
    convention: Convention

    def expected(self, period: Period) -> Decimal | None:
        """Return the ratio that is expected of a period by the day, None while nothing is."""
        return expected_delivery(*period, self.today, threshold=self.threshold, begins=self.begins)


class Named(NamedTuple):
    """What a row is of, and over which days delivery is expected."""

    code: str | None
    label: str | None
    year: int
    period: Period


def named(code: str | None, label: str | None, year: int) -> Named:
    """Return what a row is of, for the calendar year."""
    return Named(code, label, year, (date(year, 1, 1), date(year, 12, 31)))


def group_rows(what: Named, money: Iterable[Money], yardstick: Yardstick) -> list[DeliveryRow]:
    """Return the delivery of one thing in a year, a row for each currency that has a budget or spend."""
    rows = [delivery_row(what, each, yardstick) for each in money]
    return [row for row in rows if row.budget is not None or row.spend is not None or row.missing]


def delivery_row(what: Named, money: Money, yardstick: Yardstick) -> DeliveryRow:
    """Return the delivery of money in one currency."""
    needed = {"budget", *(FIGURE_OF_STAGE[stage] for stage in STAGES_OF[yardstick.convention])}
    missing = money.missing if isinstance(money, ConvertedMoney) else []
    return _row(
        what,
        money.currency,
        money.delivery_rate,
        [each for each in missing if each.figure in needed],
        yardstick,
    )


def _row(
    what: Named,
    currency: str | None,
    rate: DeliveryRate,
    missing: list[MissingMoney],
    yardstick: Yardstick,
) -> DeliveryRow:
    expected = yardstick.expected(what.period)
    return DeliveryRow(
        code=what.code,
        label=what.label,
        year=what.year,
        currency=currency,
        budget=rate.denominator,
        spend=rate.numerator,
        delivery_rate=rate,
        period_start=what.period[0],
        period_end=what.period[1],
        expected=expected,
        below=None if rate.ratio is None or expected is None else rate.ratio < expected,
        missing=missing,
    )


def whole_of(rows: Sequence[DeliveryRow], yardstick: Yardstick) -> list[DeliveryRow]:
    """Return the rows of one year together, by currency; there is no rate where a part of one has none to convert at."""
    found: dict[str, list[DeliveryRow]] = {}
    for row in rows:
        found.setdefault(row.currency or "", []).append(row)
    return [_together(found[currency], yardstick) for currency in sorted(found)]


def _together(rows: Sequence[DeliveryRow], yardstick: Yardstick) -> DeliveryRow:
    budget, spend = _sum(row.budget for row in rows), _sum(row.spend for row in rows)
    missing = [each for row in rows for each in row.missing]
    (stage, *_) = sorted(STAGES_OF[yardstick.convention])
    amounts: dict[Stage, Decimal | None] = {"budget": budget, stage: spend}
    rate = delivery_of(amounts, yardstick.convention, complete=not missing)
    return _row(named(None, None, rows[0].year), rows[0].currency, rate, missing, yardstick)


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    total: Decimal | None = None
    for amount in amounts:
        if amount is not None:
            total = amount if total is None else EXACT.add(total, amount)
    return total
