"""Whether the parts of a disaggregated value agree with its total, dimension by dimension.

Source: IATI guidance: results (dimensions and locations of targets and actuals). Each dimension, such as sex or
age, splits the same total on its own, so parts are added up within a dimension and never across. A measurement
with two dimensions at once belongs to one part of each.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias

from shared.contracts.monitoring.v1 import Measurement
from shared.figures.exact import EXACT
from shared.figures.percentages import PERCENT, Scale, percentage, pool
from shared.figures.progress import PERCENTAGE, UNIT

LOCATION = "location"
"""The dimension that the locations of a measurement stand for."""

Agreement = Literal["complete", "incomplete", "overlapping", "unknown"]
"""Parts that make up the total, less than it, or more; or one of the two cannot be told."""

_Side: TypeAlias = tuple[str, str]
_Cells: TypeAlias = dict[frozenset[_Side], set["Amount"]]


class Amount(NamedTuple):
    """A value as it is added up: of a percentage, its numerator and denominator."""

    value: Decimal | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DimensionCheck:
    """The parts of a total in one dimension: their values, what they come to, and whether that is the total.

    ``across`` tells the other dimensions of the measurements that the parts are subtotals of. A part that cannot be
    told is None; then so is the sum.
    """

    dimension: str
    agreement: Agreement
    sum: Decimal | None
    parts: tuple[tuple[str, Decimal | None], ...]
    across: tuple[str, ...] = ()


def check_dimensions(
    measurements: Sequence[Measurement], measure: str, *, scale: Scale = PERCENT
) -> tuple[DimensionCheck, ...]:
    """Check the parts of a value against its total in each dimension, in order of name (IATI guidance: results).

    The total is the measurement without dimensions and locations. Measurements with one dimension go before those
    with several, which are then not needed; of several ways to cross it, one with the fewest dimensions is taken.
    Of percentages the numerators and denominators are compared, and overlapping parts of either overlap. Values
    that are neither units nor percentages have no sum, and are not checked.

    Args:
        measurements: the targets or the actuals of one period.
        measure: IndicatorMeasure.
        scale: that of percentages.

    """
    if measure not in (UNIT, PERCENTAGE):
        return ()
    cells = _cells(measurements, measure)
    total = _one(cells.get(frozenset(), set()))
    ways = {frozenset(name for name, _ in sides) for sides in cells} - {frozenset()}
    names = sorted({name for way in ways for name in way})
    return tuple(
        _check(name, _fewest(way for way in ways if name in way), cells, total, scale) for name in names
    )


def _cells(measurements: Iterable[Measurement], measure: str) -> _Cells:
    cells: _Cells = {}
    for each in measurements:
        stated = each.value is not None and each.value.reading != "blank"
        if measure == PERCENTAGE and (stated or each.numerator is not None or each.denominator is not None):
            cells.setdefault(_sides(each), set()).add(Amount(None, each.numerator, each.denominator))
        elif stated and each.value:
            cells.setdefault(_sides(each), set()).add(Amount(each.value.number))
    return cells


def _sides(measurement: Measurement) -> frozenset[_Side]:
    values: dict[str, set[str]] = {}
    for dimension in measurement.dimensions:
        values.setdefault((dimension.name or "").strip(), set()).add((dimension.value or "").strip())
    if measurement.locations:
        values.setdefault(LOCATION, set()).update(measurement.locations)
    return frozenset((name, ", ".join(sorted(listed))) for name, listed in values.items())


def _fewest(ways: Iterable[frozenset[str]]) -> frozenset[str]:
    return min(ways, key=lambda way: (len(way), sorted(way)))


def _one(amounts: set[Amount]) -> Amount:
    return next(iter(amounts)) if len(amounts) == 1 else Amount(None)


def _check(
    name: str, way: frozenset[str], cells: Mapping[frozenset[_Side], set[Amount]], total: Amount, scale: Scale
) -> DimensionCheck:
    parts: dict[str, list[Amount]] = {}
    for sides, amounts in cells.items():
        if frozenset(side for side, _ in sides) == way:
            parts.setdefault(dict(sides)[name], []).append(_one(amounts))
    whole = _added([amount for listed in parts.values() for amount in listed])
    return DimensionCheck(
        name,
        _agreement(whole, total),
        _number(whole, scale),
        tuple((value, _number(_added(parts[value]), scale)) for value in sorted(parts)),
        tuple(sorted(way - {name})),
    )


def _added(amounts: Sequence[Amount]) -> Amount:
    pooled = pool((amount.numerator, amount.denominator) for amount in amounts)
    total: Decimal | None = Decimal(0)
    for amount in amounts:
        total = None if total is None or amount.value is None else EXACT.add(total, amount.value)
    return Amount(total, pooled.numerator, pooled.denominator)


def _number(amount: Amount, scale: Scale) -> Decimal | None:
    return amount.value if amount.value is not None else percentage(*amount[1:], scale=scale)


def _agreement(parts: Amount, total: Amount) -> Agreement:
    pairs = [(part, whole) for part, whole in zip(parts, total, strict=True) if part is not None]
    if not pairs or any(whole is None for _, whole in pairs):
        return "unknown"
    differences = [EXACT.subtract(part, whole) for part, whole in pairs if whole is not None]
    if any(difference > 0 for difference in differences):
        return "overlapping"
    return "incomplete" if any(difference < 0 for difference in differences) else "complete"
