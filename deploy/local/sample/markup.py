"""XML text of the elements that IATI uses everywhere. Text passed in is escaped here, codes are not."""

from collections.abc import Mapping
from datetime import date
from xml.sax.saxutils import escape

Texts = Mapping[str, str]
"""The same text by language code."""


def narratives(texts: Texts, default: str) -> str:
    """Return a narrative for each language, that of the default language first and without ``xml:lang``."""
    first = texts.get(default)
    head = f"<narrative>{escape(first)}</narrative>" if first else ""
    return head + "".join(
        f'<narrative xml:lang="{language}">{escape(text)}</narrative>'
        for language, text in texts.items()
        if language != default
    )


def narrative(text: str) -> str:
    """Return one narrative in English."""
    return f'<narrative xml:lang="en">{escape(text)}</narrative>'


def decimal(units: int, places: int) -> str:
    """Return whole minor units as a decimal: 1234567 units of 2 places are 12345.67."""
    if places == 0:
        return str(units)
    sign, digits = ("-", str(-units)) if units < 0 else ("", str(units))
    digits = digits.rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def value(units: int, currency: str, places: int, on: date) -> str:
    """Return an IATI value; its value date fixes the exchange rate."""
    return f'<value currency="{currency}" value-date="{on}">{decimal(units, places)}</value>'


def period(start: date, end: date) -> str:
    """Return the two elements of a period."""
    return f'<period-start iso-date="{start}"/><period-end iso-date="{end}"/>'
