"""Values of IATI elements and attributes: from their lexical form in XML Schema to those of the contracts.

Every function takes text that is valid against the schema; what the schema allows but a contract cannot hold is
noted as a problem of the item, and None is returned.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

from lxml.etree import _Element as Element

from gateway.imports.iati.findings import Findings
from shared.contracts.iati import MAX_DIGITS

MAX_CODE = 500
MAX_DECIMALS = 18
MAX_WHOLE_DIGITS = MAX_DIGITS - MAX_DECIMALS
MAX_INTEGER = 2**31 - 1
MAX_YEAR = 9999

_DATETIME = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:(Z)|([+-])(\d\d):(\d\d))?", re.ASCII
)
_DATE_LENGTH = len("2019-01-01")
_MIDNIGHT = 24


def read_datetime(raw: str) -> datetime:
    """Return the instant of an xsd:dateTime in UTC; without offset it is taken to be UTC.

    Raises:
        ValueError: it lies beyond the years 1 to 9999.

    """
    match = _DATETIME.fullmatch(raw.strip())
    if match is None:
        raise ValueError("not a date and time of the years 1 to 9999")
    day, hour, minute, second, fraction, _, sign, offset_hours, offset_minutes = match.groups()
    clock = time(int(hour) % _MIDNIGHT, int(minute), int(second), int((fraction or "")[:6].ljust(6, "0")))
    offset = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0))
    moment = datetime.combine(date.fromisoformat(day), clock, timezone(-offset if sign == "-" else offset))
    try:
        if int(hour) == _MIDNIGHT:
            moment += timedelta(days=1)
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("not a date and time of the years 1 to 9999") from None


def moment(raw: str, element: Element, findings: Findings) -> datetime | None:
    """Return an instant."""
    try:
        return read_datetime(raw)
    except ValueError:
        findings.refuse("date-out-of-range", f"{raw.strip()!r} is not within the years 1 to 9999.", element)
        return None


def day(raw: str, element: Element, findings: Findings) -> date | None:
    """Return a calendar date as written, whatever its offset."""
    text = raw.strip()
    try:
        return date.fromisoformat(text[:_DATE_LENGTH])
    except ValueError:
        findings.refuse("date-out-of-range", f"{text[:50]!r} is not within the years 1 to 9999.", element)
        return None


def decimal(raw: str, element: Element, findings: Findings) -> Decimal | None:
    """Return a decimal exactly, as long as an amount of the contracts can hold it."""
    text = raw.strip()
    if len(text) > MAX_DECIMALS:
        text = _shortest(text)
        whole, _, decimals = text.lstrip("+-").partition(".")
        if len(whole) > MAX_WHOLE_DIGITS or len(decimals) > MAX_DECIMALS:
            reason = f"{text[:50]!r} has more than {MAX_WHOLE_DIGITS} digits, or {MAX_DECIMALS} decimals."
            findings.refuse("number-out-of-range", reason, element)
            return None
    return Decimal(text)


def integer(raw: str, element: Element, findings: Findings) -> int | None:
    """Return a whole number of 32 bits."""
    digits = raw.strip()
    value = int(digits) if len(digits) < MAX_DIGITS else MAX_INTEGER + 1
    if abs(value) > MAX_INTEGER:
        findings.refuse("number-out-of-range", f"{digits[:50]!r} exceeds {MAX_INTEGER}.", element)
        return None
    return value


def year(raw: str, element: Element, findings: Findings) -> int | None:
    """Return a year of our era."""
    digits = raw.strip()
    value = int(digits) if len(digits) < MAX_DIGITS else MAX_YEAR + 1
    if value > MAX_YEAR:
        findings.refuse("date-out-of-range", f"{digits[:50]!r} is not within the years 1 to 9999.", element)
        return None
    return value


def boolean(raw: str, _element: Element, _findings: Findings) -> bool:
    """Return an xsd:boolean."""
    return raw.strip() in ("1", "true")


def code(raw: str, element: Element, findings: Findings) -> str:
    """Return a code without outer blanks; it may be empty."""
    text = raw.strip()
    if len(text) > MAX_CODE:
        findings.refuse("text-too-long", f"A code of more than {MAX_CODE} characters.", element)
    return text


def code_or_none(raw: str, element: Element, findings: Findings) -> str | None:
    """Return a code without outer blanks, None if nothing is left."""
    return code(raw, element, findings) or None


def string(raw: str, _element: Element, _findings: Findings) -> str:
    """Return a text without outer blanks; it may be empty."""
    return raw.strip()


def string_or_none(raw: str, _element: Element, _findings: Findings) -> str | None:
    """Return a text without outer blanks, None if nothing is left."""
    return raw.strip() or None


def _shortest(text: str) -> str:
    """Return a decimal without the zeros that say nothing."""
    sign = "-" if text.startswith("-") else ""
    whole, _, decimals = text.lstrip("+-").partition(".")
    whole, decimals = whole.lstrip("0") or "0", decimals.rstrip("0")
    return f"{sign}{whole}.{decimals}" if decimals else sign + whole
