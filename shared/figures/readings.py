"""Reading the numbers of values that IATI types as text.

Source: IATI guidance: results (the value of a baseline, target or actual is text, and must be a number
unless the indicator is qualitative). What publishers write there is kept verbatim; a number is taken from it
only where it can be read in one way.
"""

import re
from decimal import Decimal
from typing import Literal

from shared.contracts.iati import MAX_DIGITS, Reading

MAX_DECIMALS = 18
"""Decimals that a number of the contracts may have; the rest of ``MAX_DIGITS`` stand before the point."""

Kind = Literal["plain", "grouped", "blank", "unreadable"]

_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:(?:,[0-9]{3}){2,}(?:\.[0-9]+)?|,[0-9]{3}\.[0-9]+)")


def read_number(raw: str) -> Reading:
    """Read a value without guessing (IATI guidance: results), as ``_read`` tells."""
    number, reading = _read(raw)
    return Reading(raw=raw, number=number, reading=reading)


def is_as_read(reading: Reading) -> bool:
    """Whether a reading says what its text does (IATI guidance: results)."""
    return (reading.number, reading.reading) == _read(reading.raw)


def _read(raw: str) -> tuple[Decimal | None, Kind]:
    """Return the number of a text, and how it came about.

    ``plain`` is an ASCII decimal such as ``-4.00``; ``grouped`` is one whose commas can only part thousands,
    being two or more (``1,200,000``) or standing before a decimal point (``18,000.50``). All else that is
    not blank is ``unreadable``: ``17,000``, because half the world writes decimals so, and numbers of more
    than 20 digits before the point or 18 after it.
    """
    text = raw.strip()
    if not text:
        return None, "blank"
    if _PLAIN.fullmatch(text):
        digits, grouped = text, False
    elif _GROUPED.fullmatch(text):
        digits, grouped = text.replace(",", ""), True
    else:
        return None, "unreadable"
    whole, _, decimals = digits.lstrip("+-").partition(".")
    if len(whole) > MAX_DIGITS - MAX_DECIMALS or len(decimals) > MAX_DECIMALS:
        return None, "unreadable"
    return Decimal(digits), "grouped" if grouped else "plain"
