"""The element ``iati-organisation``: a partner with its budgets, expenditure and documents."""

from lxml.etree import _Element as Element

from gateway.imports.iati import parts
from gateway.imports.iati.findings import Findings
from gateway.imports.iati.shapes import (
    NARRATIVES,
    XML_LANG,
    Fields,
    Many,
    One,
    Shape,
    date_attribute,
    narratives,
    text,
)
from gateway.imports.iati.values import code_or_none, moment, string_or_none

_line = Shape({"ref": ("ref", string_or_none)}, {"value": One("value", parts.money), **NARRATIVES})


def _region(element: Element, findings: Findings) -> Fields:
    """Return a region; its code may be left out where a narrative names it."""
    return {"code": "", **parts.vocabulary_code(element, findings)}


def _check_expenditure(element: Element, fields: Fields, findings: Findings) -> None:
    parts.check_period(element, fields["period_start"], fields["period_end"], findings)


def _budget(kind: str) -> Many:
    """Return how to read a budget, or the expenditure, of a kind."""
    shape = Shape(
        {"status": ("status", code_or_none)},
        {
            "recipient-org": One("recipient_organisation", parts.organisation),
            "recipient-region": One("recipient_region", _region),
            "recipient-country": One("recipient_country", parts.vocabulary_code),
            "period-start": One("period_start", date_attribute),
            "period-end": One("period_end", date_attribute),
            "value": One("value", parts.money),
            "budget-line": Many("lines", _line),
            "expense-line": Many("lines", _line),
        },
        check=_check_expenditure if kind == "expenditure" else parts.check_budget,
        fixed={"kind": kind},
    )
    return Many("budgets", shape)


def _check(_element: Element, fields: Fields, _findings: Findings) -> None:
    """Take over the type of an organisation that reports on itself."""
    reporter = fields["reporting_organisation"]
    if reporter.get("ref") == fields["organisation_identifier"]:
        fields["type"] = reporter.get("type")


ORGANISATION = Shape(
    {
        "last-updated-datetime": ("last_updated", moment),
        XML_LANG: ("language", code_or_none),
        "default-currency": ("default_currency", parts.currency),
    },
    {
        "organisation-identifier": One("organisation_identifier", text),
        "name": One("names", narratives),
        "reporting-org": One("reporting_organisation", parts.reporting_organisation),
        "total-budget": _budget("total"),
        "recipient-org-budget": _budget("recipient-org"),
        "recipient-region-budget": _budget("recipient-region"),
        "recipient-country-budget": _budget("recipient-country"),
        "total-expenditure": _budget("expenditure"),
        "document-link": Many("documents", parts.document),
    },
    check=_check,
)
