"""How figures are put together and shown: medians of rounds, ratios of pairs, and whether a bar is reached."""

from collections.abc import Iterable, Sequence
from statistics import median

from rich.table import Table

REACHED, MISSED = "[green]reached[/green]", "[red]not reached[/red]"


def ratio(ours: Iterable[float], bare: Iterable[float]) -> float:
    """Return the median of the ratios of measurements that were taken in pairs."""
    return median(one / other for one, other in zip(ours, bare, strict=True))


def at_least(value: float, bar: float) -> str:
    """Return whether a value comes up to a bar."""
    return REACHED if value >= bar else MISSED


def at_most(value: float, bar: float) -> str:
    """Return whether a value stays within a bar."""
    return REACHED if value <= bar else MISSED


def percent(share: float) -> str:
    """Return a share in percent."""
    return f"{share * 100:.0f} %"


def per_second(rates: Sequence[float]) -> str:
    """Return the median of rates."""
    return f"{median(rates):,.0f}"


def milliseconds(values: Sequence[float]) -> str:
    """Return the median of durations."""
    return f"{median(values):,.1f}"


def table(title: str, first: Sequence[str], numbers: Sequence[str]) -> Table:
    """Return an empty table: columns of words, then columns of numbers."""
    made = Table(title=title, title_justify="left", padding=(0, 1))
    for name in first:
        made.add_column(name, justify="left")
    for name in numbers:
        made.add_column(name, justify="right")
    return made
