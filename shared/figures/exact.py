"""Arithmetic of figures: sums lose no digit, and a ratio is rounded once, whatever the caller's context."""

from decimal import (
    ROUND_HALF_EVEN,
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)

EXACT = Context(prec=400, traps=[Clamped, DivisionByZero, Inexact, InvalidOperation, Overflow])
"""Adds, subtracts and scales without rounding; an operation that would have to round raises ``Inexact``."""

_RATIO = Context(prec=28, rounding=ROUND_HALF_EVEN)


def ratio(numerator: Decimal, denominator: Decimal) -> Decimal | None:
    """Return the quotient to 28 significant digits, None where the denominator is zero."""
    return _RATIO.divide(numerator, denominator) if denominator else None
