"""Percentages kept as numerators and denominators.

Source: IATI guidance: results (a percentage is reported with its measure, and may tell what it was made of);
arithmetic of proportions: numerators are added up, denominators are added up, and then they are divided.
Percentages themselves are neither added nor averaged.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from shared.figures.exact import EXACT, ratio

Pair: TypeAlias = tuple[Decimal | None, Decimal | None]
"""A numerator and its denominator; None where one is missing, of which zero is none."""

Scale = Literal["percent", "share"]
"""How a percentage is written: a half is 50 in ``percent`` and 0.5 as a ``share``."""

PERCENT: Scale = "percent"
SHARE: Scale = "share"


@dataclass(frozen=True, slots=True)
class Pooled:
    """Several fractions taken together: 1 is the whole; ``share`` is None where it cannot be told."""

    numerator: Decimal | None
    denominator: Decimal | None
    share: Decimal | None


UNKNOWN = Pooled(None, None, None)


def pool(pairs: Iterable[Pair]) -> Pooled:
    """Return the sum of numerators over the sum of denominators: 15/100 and 15/50 are 30/150.

    Source: arithmetic of proportions. Where any part is missing, and where there is no pair, nothing is known.
    Denominators that come to zero have sums, and no share.
    """
    numerator = denominator = Decimal(0)
    known = False
    for above, below in pairs:
        if above is None or below is None:
            return UNKNOWN
        numerator, denominator = EXACT.add(numerator, above), EXACT.add(denominator, below)
        known = True
    return Pooled(numerator, denominator, ratio(numerator, denominator)) if known else UNKNOWN


def percentage(
    numerator: Decimal | None, denominator: Decimal | None, *, scale: Scale = PERCENT
) -> Decimal | None:
    """Return a fraction on a scale (IATI guidance: results), None where a part is missing or divides by zero."""
    if numerator is None or denominator is None:
        return None
    return ratio(EXACT.scaleb(numerator, 2) if scale == PERCENT else numerator, denominator)


def rescaled(value: Decimal, scale: Scale, into: Scale) -> Decimal:
    """Return a percentage on another scale (ours), so that values are compared on one."""
    if scale == into:
        return value
    return EXACT.scaleb(value, 2 if into == PERCENT else -2)


def published_scale(stated: Iterable[tuple[Decimal, Decimal, Decimal]]) -> Scale:
    """Return the scale of values that stand beside their numerators and denominators (ours).

    A value nearer to the bare quotient than to a hundred times it is a share. Values are in percent unless all
    that tell it are shares; zero tells nothing.

    Args:
        stated: value, numerator and denominator of each measurement that has all three.

    """
    told = {_scale(value, quotient) for value, *pair in stated if (quotient := ratio(*pair))}
    return SHARE if told == {SHARE} else PERCENT


def _scale(value: Decimal, quotient: Decimal) -> Scale:
    from_share = abs(EXACT.subtract(value, quotient))
    from_percent = abs(EXACT.subtract(value, EXACT.scaleb(quotient, 2)))
    return SHARE if from_share < from_percent else PERCENT
