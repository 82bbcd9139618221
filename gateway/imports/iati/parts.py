"""Elements that occur in several places of IATI files: organisations, codes, money, periods and documents."""

from datetime import date
from decimal import Decimal

from lxml.etree import _Element as Element

from gateway.imports.iati.findings import Findings
from gateway.imports.iati.shapes import (
    NAMES,
    NARRATIVES,
    Fields,
    Many,
    One,
    Shape,
    code_attribute,
    date_attribute,
    narratives,
    text_of,
)
from gateway.imports.iati.values import boolean, code, code_or_none, day, decimal, string, string_or_none

CODE = {"code": ("code", code)}
VOCABULARY = {
    **CODE,
    "vocabulary": ("vocabulary", code_or_none),
    "vocabulary-uri": ("vocabulary_uri", string_or_none),
}
ORGANISATION = {"ref": ("ref", code_or_none), "type": ("type", code_or_none)}

vocabulary_code = Shape(VOCABULARY, NARRATIVES)
share = Shape({**VOCABULARY, "percentage": ("percentage", decimal)}, NARRATIVES)
organisation = Shape(ORGANISATION, NAMES)
reporting_organisation = Shape({**ORGANISATION, "secondary-reporter": ("secondary_reporter", boolean)}, NAMES)
provider = Shape({**ORGANISATION, "provider-activity-id": ("activity_id", code_or_none)}, NAMES)
receiver = Shape({**ORGANISATION, "receiver-activity-id": ("activity_id", code_or_none)}, NAMES)
document = Shape(
    {"url": ("url", string), "format": ("format", string_or_none)},
    {
        "title": One("titles", narratives),
        "description": One("descriptions", narratives),
        "category": Many("categories", code_attribute),
        "language": Many("languages", code_attribute),
        "document-date": One("document_date", date_attribute),
        "recipient-country": Many("recipient_countries", vocabulary_code),
    },
)


def currency(raw: str, element: Element, findings: Findings) -> str | None:
    """Return a currency as ISO 4217 writes it, None if it is blank."""
    return code(raw, element, findings).upper() or None


def money(element: Element, findings: Findings) -> Fields:
    """Return an amount with its own currency or else the default one."""
    own, value_date = element.get("currency"), element.get("value-date")
    fields: Fields = {
        "amount": decimal(text_of(element), element, findings),
        "currency": currency(own, element, findings) if own else None,
        "value_date": day(value_date, element, findings) if value_date is not None else None,
    }
    if fields["currency"] is None:
        fields["currency"] = findings.currency
    if fields["currency"] is None:
        findings.notice("missing-currency", "Neither the value nor the activity states a currency.", element)
    return fields


def check_period(element: Element, start: date | None, end: date | None, findings: Findings) -> None:
    """Flag a period that ends before it starts."""
    if start is not None and end is not None and end < start:
        findings.notice(
            "end-before-start", f"The period ends on {end}, before it starts on {start}.", element
        )


def check_budget(element: Element, fields: Fields, findings: Findings) -> None:
    """Flag a budget whose period is not one within a year, or whose value is negative."""
    start, end = fields["period_start"], fields["period_end"]
    check_period(element, start, end, findings)
    if (
        start is not None
        and end is not None
        and (end.year, end.month, end.day)
        > (
            start.year + 1,
            start.month,
            start.day,
        )
    ):
        reason = f"The budget runs from {start} to {end}, which is longer than a year."
        findings.notice("budget-longer-than-a-year", reason, element)
    amount = fields["value"]["amount"]
    if amount is not None and amount < Decimal(0):
        findings.notice("negative-budget", f"The budget is {amount}.", element)
