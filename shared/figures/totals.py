"""The totals of baselines, targets and actuals: what they say as a whole, or why they say nothing.

Source: IATI guidance: results. The value without dimensions and locations is the total; disaggregated values are
never added up to one. A percentage that tells its numerator and denominator is their quotient.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Literal, NamedTuple, TypeAlias, cast

from shared.contracts.monitoring.v1 import Indicator, Measurement, Period
from shared.figures.over_time import OverTime, PeriodValue, added_up, is_summed, latest
from shared.figures.percentages import Pair, Scale, percentage, pool, published_scale
from shared.figures.progress import PERCENTAGE, UNIT, Flag

Role = Literal["baseline", "target", "actual"]
Dates: TypeAlias = tuple[date, date]


class Value(NamedTuple):
    """The total of several measurements, or why there is none; of a percentage, what it was made of."""

    number: Decimal | None
    flag: Flag | None = None
    pair: Pair | None = None


NOTHING = Value(None)


def is_total(measurement: Measurement) -> bool:
    """Whether a measurement is of the whole (IATI guidance: results)."""
    return not measurement.dimensions and not measurement.locations


def scale_of(indicator: Indicator) -> Scale:
    """Return the scale that the percentages of an indicator are published on (ours)."""
    targets = (target for period in indicator.periods for target in period.targets)
    actuals = (actual for period in indicator.periods for actual in period.actuals)
    return published_scale(
        (m.value.number, m.numerator, m.denominator)
        for m in (*indicator.baselines, *targets, *actuals)
        if m.value and m.value.number is not None and m.numerator is not None and m.denominator is not None
    )


def total(measurements: Sequence[Measurement], role: Role, scale: Scale | None = None) -> Value:
    """Return the total of the measurements of one period, or of a baseline (IATI guidance: results).

    Args:
        measurements: all of one role.
        role: named in the flag that tells why there is no total.
        scale: that of percentages; None where the values are not percentages.

    """
    totals = [m for m in measurements if is_total(m)]
    known = {number: m for m in totals if (number := number_of(m, scale)) is not None}
    if len(known) == 1:
        number, measurement = known.popitem()
        return Value(number, None, _pair(measurement))
    if known:
        return Value(None, _flag(role, "ambiguous"))
    if any(m.value and m.value.reading == "unreadable" for m in totals):
        return Value(None, _flag(role, "unreadable"))
    if scale and any(m.numerator is not None and m.denominator is not None for m in totals):
        return Value(None, _flag(role, "denominator-zero"))
    if any(number_of(m, scale) is not None for m in measurements):
        return Value(None, _flag(role, "disaggregated-only"))
    return NOTHING


def number_of(measurement: Measurement, scale: Scale | None) -> Decimal | None:
    """Return the number of a measurement; of a percentage (with a scale), the quotient of its parts if it has both."""
    if scale and measurement.numerator is not None and measurement.denominator is not None:
        return percentage(measurement.numerator, measurement.denominator, scale=scale)
    return measurement.value.number if measurement.value else None


def over_periods(
    indicator: Indicator,
    periods: Sequence[Period],
    values: Sequence[Value],
    role: Literal["target", "actual"],
) -> tuple[Value, Dates | None]:
    """Return what values of periods come to, with the first and last day of those they come from.

    Source: Tola help text, by way of ``over_time``. Scores are not added up whatever the mode, and of percentages
    the numerators and the denominators are.
    """
    listed = [
        PeriodValue(
            p.start, p.end, v.number, v.flag not in (None, "actual-in-future") or v.number is not None
        )
        for p, v in zip(periods, values, strict=True)
    ]
    summed = is_summed(indicator.over_time, role) and indicator.measure in (UNIT, PERCENTAGE)
    made = added_up(listed) if summed else latest(listed)
    if made.fault == "unreadable" or made == OverTime(None):
        flagged = [
            ((p.end, p.start), v)
            for p, v in zip(periods, values, strict=True)
            if v.flag and not (made.fault and v.flag == "actual-in-future")
        ]
        return (max(flagged, key=itemgetter(0))[1] if flagged else NOTHING), None
    if made.fault:
        return Value(None, _flag(role, made.fault)), None
    if summed and indicator.measure == PERCENTAGE:
        pairs = {
            (p.start, p.end): v.pair for p, v in zip(periods, values, strict=True) if v.number is not None
        }
        return _pooled(pairs.values(), role, scale_of(indicator)), made.period
    return Value(made.value), made.period


def _pooled(pairs: Iterable[Pair | None], role: Role, scale: Scale) -> Value:
    pooled = pool(pair or (None, None) for pair in pairs)
    number = percentage(pooled.numerator, pooled.denominator, scale=scale)
    return Value(number) if number is not None else Value(None, _flag(role, "without-fraction"))


def _pair(measurement: Measurement) -> Pair | None:
    pair = measurement.numerator, measurement.denominator
    return None if None in pair else pair


def _flag(role: Role, reason: str) -> Flag:
    return cast("Flag", f"{role}-{reason}")
