"""The results of an ``iati-activity``, with indicators, baselines, periods, targets and actuals."""

from lxml.etree import _Element as Element

from gateway.imports.iati import parts
from gateway.imports.iati.findings import Findings
from gateway.imports.iati.shapes import Fields, Many, One, Shape, attribute, date_attribute, narratives
from gateway.imports.iati.values import boolean, code, code_or_none, day, string, string_or_none, year
from shared.contracts.iati import Reading
from shared.figures.readings import read_number

QUALITATIVE = "5"
"""The IndicatorMeasure of indicators whose state is told in comments."""


def _value(raw: str, element: Element, findings: Findings) -> Reading:
    """Return the value of a baseline, target or actual, as far as it can be read as a number."""
    reading = read_number(raw)
    if reading.reading == "grouped":
        reason = f"{raw[:50]!r} was read as {reading.number}: its separators allow no other reading."
        findings.notice("grouped-value", reason, element, "value")
    elif reading.reading == "unreadable":
        reason = f"{raw[:50]!r} is not a number that can be read in one way; it is kept as text."
        findings.notice("unreadable-value", reason, element, "value")
    return reading


_MEASUREMENT: dict[str, One | Many] = {
    "location": Many("locations", attribute("ref", code_or_none)),
    "dimension": Many("dimensions", Shape({"name": ("name", string), "value": ("value", string)})),
    "comment": One("comments", narratives),
    "document-link": Many("documents", parts.document),
}
_measurement = Shape({"value": ("value", _value)}, _MEASUREMENT)
_baseline = Shape(
    {"year": ("year", year), "iso-date": ("iso_date", day), "value": ("value", _value)}, _MEASUREMENT
)


def _check_period(element: Element, fields: Fields, findings: Findings) -> None:
    parts.check_period(element, fields["start"], fields["end"], findings)


_period = Shape(
    {},
    {
        "period-start": One("start", date_attribute),
        "period-end": One("end", date_attribute),
        "target": Many("targets", _measurement),
        "actual": Many("actuals", _measurement),
    },
    check=_check_period,
)
_reference = Shape(
    {
        **parts.CODE,
        "vocabulary": ("vocabulary", code_or_none),
        "indicator-uri": ("indicator_uri", string_or_none),
    }
)
_indicator = Shape(
    {
        "measure": ("measure", code),
        "ascending": ("ascending", boolean),
        "aggregation-status": ("aggregation_status", boolean),
    },
    {
        "title": One("titles", narratives),
        "description": One("descriptions", narratives),
        "document-link": Many("documents", parts.document),
        "reference": Many("references", _reference),
        "baseline": Many("baselines", _baseline),
        "period": Many("periods", _period),
    },
)

CHILDREN: dict[str, One | Many] = {
    "result": Many(
        "results",
        Shape(
            {"type": ("type", code), "aggregation-status": ("aggregation_status", boolean)},
            {
                "title": One("titles", narratives),
                "description": One("descriptions", narratives),
                "document-link": Many("documents", parts.document),
                "reference": Many("references", Shape(parts.VOCABULARY)),
                "indicator": Many("indicators", _indicator),
            },
        ),
    ),
}
