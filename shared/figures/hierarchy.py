"""What the values of children come to for a parent: one operator for the hierarchy, apart from time.

Source: DHIS2 (an operator over time and another over organisation units); IATI guidance: results, for
``aggregation_status``. A figure is made of inputs that say the same thing: of one measure, direction and unit. It
tells which it counts, which it leaves out, and why. What values come to over time is in ``over_time``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from shared.figures.exact import EXACT
from shared.figures.percentages import Pooled, pool
from shared.figures.progress import PERCENTAGE, UNIT

Operator = Literal["sum", "mean", "min", "max", "latest", "ratio"]
"""``ratio`` is the sum of numerators over the sum of denominators; ``mean`` is the same on the scale of the values,
each weighted by its denominator, since a mean of means says nothing."""

OPTED_OUT: frozenset[str] = frozenset({"child-opted-out", "link-opted-out"})
"""Reasons that somebody chose; a figure without such an input is still whole."""

Reason = Literal[
    "child-opted-out",
    "link-opted-out",
    "measure-mismatch",
    "direction-mismatch",
    "unit-mismatch",
    "unreadable",
    "not-reported",
    "without-denominator",
    "not-addable",
]
"""``not-addable`` is a percentage that would be added up, or a score that would be counted as an amount."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a figure measures: IndicatorMeasure, direction, and unit where there is one."""

    measure: str = UNIT
    ascending: bool = True
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """A child's value as it is linked to a parent.

    ``aggregation_status`` is the child's side, false if it is not to be added up; ``linked`` is the parent's, false
    if this link is not to count. ``reported`` without a value is a value that could not be read. ``as_of`` is the end
    of the period that the value is of.
    """

    id: str
    kind: Kind
    value: Decimal | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    as_of: date | None = None
    reported: bool = True
    aggregation_status: bool | None = None
    linked: bool = True


class Exclusion(NamedTuple):
    """An input that is not in the figure, and why."""

    id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class RollUp:
    """A parent's figure with what it is made of; ``value`` is None where it cannot be told.

    ``whole`` is whether nothing is missing from it that ought to be there.
    """

    operator: Operator
    value: Decimal | None
    counted: tuple[str, ...]
    excluded: tuple[Exclusion, ...]
    numerator: Decimal | None = None
    denominator: Decimal | None = None

    @property
    def whole(self) -> bool:
        """Whether only inputs are left out that were opted out."""
        return all(exclusion.reason in OPTED_OUT for exclusion in self.excluded)


def roll_up(inputs: Iterable[Input], operator: Operator, kind: Kind) -> RollUp:
    """Return the figure of a parent of a kind from those of its children (DHIS2; IATI guidance: results).

    Inputs of another measure, direction or unit are never in it. The latest is that of the last ``as_of``; two
    that differ are none. Where an input of a ratio or mean has no denominator, the whole has no value: to leave it
    out would be to guess that it is like the others.
    """
    counted: list[Input] = []
    excluded: list[Exclusion] = []
    for each in inputs:
        if reason := _reason(each, operator, kind):
            excluded.append(Exclusion(each.id, reason))
        else:
            counted.append(each)
    ids, left_out = tuple(each.id for each in counted), tuple(excluded)
    if operator not in ("ratio", "mean"):
        return RollUp(operator, _value(counted, operator), ids, left_out)
    unknown = any(exclusion.reason == "without-denominator" for exclusion in left_out)
    pooled = pool(() if unknown else ((each.numerator, each.denominator) for each in counted))
    value = _scaled(pooled, operator, kind)
    return RollUp(operator, value, ids, left_out, pooled.numerator, pooled.denominator)


def _reason(each: Input, operator: Operator, kind: Kind) -> Reason | None:
    if each.aggregation_status is False:
        return "child-opted-out"
    if not each.linked:
        return "link-opted-out"
    return _mismatch(each.kind, kind) or _unfit(each, operator)


def _mismatch(own: Kind, kind: Kind) -> Reason | None:
    if own.measure != kind.measure:
        return "measure-mismatch"
    if own.ascending != kind.ascending:
        return "direction-mismatch"
    return "unit-mismatch" if own.unit != kind.unit else None


def _unfit(each: Input, operator: Operator) -> Reason | None:
    if not each.reported:
        return "not-reported"
    if each.kind.measure not in (UNIT, PERCENTAGE) and operator != "latest":
        return "not-addable"
    if operator == "sum" and each.kind.measure == PERCENTAGE:
        return "not-addable"
    if operator in ("ratio", "mean"):
        return "without-denominator" if each.numerator is None or each.denominator is None else None
    return "unreadable" if each.value is None else None


def _value(counted: Sequence[Input], operator: Operator) -> Decimal | None:
    values = [each.value for each in counted if each.value is not None]
    if not values:
        return None
    if operator == "sum":
        total = Decimal(0)
        for value in values:
            total = EXACT.add(total, value)
        return total
    if operator == "latest":
        last = max(each.as_of or date.min for each in counted)
        values = [
            each.value for each in counted if each.value is not None and (each.as_of or date.min) == last
        ]
        return values[0] if len(set(values)) == 1 else None
    return min(values) if operator == "min" else max(values)


def _scaled(pooled: Pooled, operator: Operator, kind: Kind) -> Decimal | None:
    if operator == "mean" and kind.measure == PERCENTAGE and pooled.share is not None:
        return EXACT.scaleb(pooled.share, 2)
    return pooled.share
