"""What the values of an indicator's periods come to over the life of a project.

Source: Tola help text (non-cumulative, summing cumulative and non-summing cumulative indicators); IATI guidance:
results, which asks for the kind of an indicator in its text. Time is one operator and the hierarchy of
organisations another: see ``hierarchy``. No value is carried into a later period.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Literal, NamedTuple

from shared.figures.exact import EXACT

Mode = Literal["periodic", "summing-cumulative", "latest"]
"""Each period stands for itself; or targets are cumulative and actuals are what was added in the period; or every
value takes the place of the one before."""

Role = Literal["target", "actual"]
Fault = Literal["ambiguous", "unreadable", "periods-overlap"]
"""Two values of one period, a part of a sum without a number, or parts of a sum that are partly of the same days."""


class PeriodValue(NamedTuple):
    """The target or actual of a period; ``reported`` without a value is one that could not be read."""

    start: date
    end: date
    value: Decimal | None
    reported: bool = True


@dataclass(frozen=True, slots=True)
class OverTime:
    """A figure over the life of a project, and the first and last day of the periods that it comes from."""

    value: Decimal | None
    period: tuple[date, date] | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """A value that a source, which is an organisation or an office, reported for a period at a moment."""

    source: str
    start: date
    end: date
    value: Decimal | None
    approved: bool
    moment: datetime


def is_summed(mode: Mode | None, role: Role) -> bool:
    """Whether values of periods are added up (Tola help text); without a mode the latest is taken."""
    return mode == "periodic" or (mode == "summing-cumulative" and role == "actual")


def over_life(values: Iterable[PeriodValue], mode: Mode | None, role: Role) -> OverTime:
    """Return the target or actual of an indicator over the life of its project (Tola help text).

    Periods without a value are passed over: what is not reported is not zero. Of sums, a part that was reported
    and cannot be read leaves the whole unknown. The latest value is that of the period that ends last, whenever
    it was entered; of two such periods it is the one that starts last.

    Args:
        values: one for each period, in any order.
        mode: how values of periods belong together; None is ``latest``.
        role: whether they are targets or actuals.

    """
    listed = tuple(values)
    return added_up(listed) if is_summed(mode, role) else latest(listed)


def latest(values: Sequence[PeriodValue]) -> OverTime:
    """Return the value of the period that ends last among those that have one (IATI guidance: results)."""
    known = [value for value in values if value.value is not None]
    if not known:
        return OverTime(None)
    end, start = max((value.end, value.start) for value in known)
    numbers = {value.value for value in known if (value.end, value.start) == (end, start)}
    return OverTime(numbers.pop(), (start, end)) if len(numbers) == 1 else OverTime(None, None, "ambiguous")


def added_up(values: Sequence[PeriodValue]) -> OverTime:
    """Return the sum of the values of periods that follow one another (Tola help text).

    A period may end on the day that the next one starts. The same value told twice for one period is one.
    """
    parts = sorted({value[:3] for value in values if value.value is not None})
    if any(value.reported and value.value is None for value in values):
        return OverTime(None, None, "unreadable")
    if not parts:
        return OverTime(None)
    periods = [(start, end) for start, end, _ in parts]
    if len(set(periods)) < len(periods):
        return OverTime(None, None, "ambiguous")
    if any(after[0] < before[1] for before, after in pairwise(periods)):
        return OverTime(None, None, "periods-overlap")
    total = Decimal(0)
    for _, _, value in parts:
        total = EXACT.add(total, value or Decimal(0))
    return OverTime(total, (periods[0][0], max(end for _, end in periods)))


def by_period(updates: Sequence[Update], mode: Mode | None) -> tuple[PeriodValue, ...]:
    """Return the actual of each period that was reported on, in order of time.

    Source: Tola help text (an actual is the sum of its results); ours for the key, which is the source and not the
    person who typed. Only approved updates count. In a series of values that replace one another each source
    counts with its last approved update of the period; otherwise with all. Sources are added up.
    """
    periods = sorted({(update.start, update.end) for update in updates if update.approved})
    counting = _counting(updates, mode)
    return tuple(
        PeriodValue(*period, _sum(u.value for u in counting if (u.start, u.end) == period))
        for period in periods
    )


def of_sources(updates: Sequence[Update], mode: Mode | None) -> OverTime:
    """Return the actual over the life of a project that several sources report on.

    Source: ours. Each source counts with its own figure, so that one that is late with a period is not lost from
    a cumulative series. Where the figure of a source cannot be told, the whole cannot.
    """
    counting = _counting(updates, mode)
    figures = [
        over_life(by_period([u for u in counting if u.source == source], mode), mode, "actual")
        for source in sorted({update.source for update in counting})
    ]
    fault = next((figure.fault for figure in figures if figure.fault), None)
    known = [figure.period for figure in figures if figure.period]
    if fault or not known:
        return OverTime(None, None, fault)
    span = min(start for start, _ in known), max(end for _, end in known)
    return OverTime(_sum(figure.value for figure in figures if figure.period), span)


def _counting(updates: Sequence[Update], mode: Mode | None) -> list[Update]:
    approved = [update for update in updates if update.approved]
    if is_summed(mode, "actual"):
        return approved
    last: dict[tuple[str, date, date], Update] = {}
    for update in sorted(approved, key=lambda update: update.moment):
        last[update.source, update.start, update.end] = update
    return list(last.values())


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for value in values:
        if value is None:
            return None
        total = EXACT.add(total, value)
    return total
