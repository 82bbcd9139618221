"""Bienniums, the two years that the programme and budget of the ILO is made for.

Source: ILO Programme and Budget: bienniums start in even years, as 2024-25. Amounts fall within them by days, and
their parts add up (largest-remainder method).
"""

from dataclasses import dataclass
from datetime import MINYEAR, date
from decimal import Decimal

from shared.figures.shares import Division

YEARS = 2


@dataclass(frozen=True, slots=True, order=True)
class Biennium:
    """Two years, of which the first is even."""

    first_year: int

    @property
    def start(self) -> date:
        """The first day."""
        return date(max(self.first_year, MINYEAR), 1, 1)

    @property
    def end(self) -> date:
        """The last day."""
        return date(self.first_year + 1, 12, 31)

    @property
    def label(self) -> str:
        """The name, as 2024-25."""
        return f"{self.first_year}-{(self.first_year + 1) % 100:02d}"


def biennium_of(on: date | int) -> Biennium:
    """Return the biennium of a day or a year (ILO Programme and Budget)."""
    year = on if isinstance(on, int) else on.year
    return Biennium(year - year % YEARS)


def biennium_named(label: str) -> Biennium:
    """Return the biennium of a label such as ``2024-25``."""
    return Biennium(int(label[:4]))


def days_by_biennium(start: date, end: date) -> tuple[tuple[Biennium, int], ...]:
    """Return how many days of a period fall within each biennium, its first and last day among them.

    Source: ILO Programme and Budget. A period that ends before it starts has none.
    """
    if end < start:
        return ()
    years = range(biennium_of(start).first_year, end.year + 1, YEARS)
    bienniums = [Biennium(year) for year in years]
    return tuple((each, (min(end, each.end) - max(start, each.start)).days + 1) for each in bienniums)


def by_biennium(
    amount: Decimal, start: date, end: date, *, places: int
) -> tuple[tuple[Biennium, Decimal], ...]:
    """Divide the amount of an agreement or a period among bienniums by days (ILO Programme and Budget).

    Parts add up to the amount to the last unit (largest-remainder method).

    Args:
        amount: money of either sign.
        start: first day.
        end: last day; before the start there is nothing to divide by, and no part.
        places: decimals of the currency, from ``currency_places``.

    """
    days = days_by_biennium(start, end)
    if not days:
        return ()
    return tuple((key, part) for key, part in Division(days, ()).of(amount, places) if key is not None)
