"""The element ``iati-activity``: what becomes of it and of what it holds apart from money and results."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from lxml.etree import _Element as Element

from gateway.imports.iati import finance, parts, results
from gateway.imports.iati.findings import Findings
from gateway.imports.iati.shapes import (
    NAMES,
    NARRATIVES,
    XML_LANG,
    Fields,
    Many,
    One,
    Shape,
    code_attribute,
    code_or_none_attribute,
    narratives,
    text,
)
from gateway.imports.iati.values import (
    boolean,
    code,
    code_or_none,
    day,
    integer,
    moment,
    string,
    string_or_none,
)

WHOLE = Decimal(100)
TOLERANCE = Decimal("0.1")
"""How far percentages may be from 100 in all, by rounding."""

_TYPE = {"type": ("type", code)}
_TYPE_OR_NONE = {"type": ("type", code_or_none)}

_ADMINISTRATIVE = {**parts.CODE, "vocabulary": ("vocabulary", code_or_none), "level": ("level", integer)}

_contact = Shape(
    _TYPE_OR_NONE,
    {
        "organisation": One("organisation", narratives),
        "department": One("department", narratives),
        "person-name": One("person_name", narratives),
        "job-title": One("job_title", narratives),
        "telephone": Many("telephones", text),
        "email": Many("emails", text),
        "website": Many("websites", text),
        "mailing-address": Many("mailing_addresses", narratives),
    },
)
_location = Shape(
    {"ref": ("ref", code_or_none)},
    {
        "location-reach": One("reach", code_or_none_attribute),
        "location-id": Many("ids", Shape(parts.VOCABULARY)),
        "name": One("names", narratives),
        "description": One("descriptions", narratives),
        "activity-description": One("activity_descriptions", narratives),
        "administrative": Many("administrative", Shape(_ADMINISTRATIVE)),
        "point": One(None, Shape({"srsName": ("srs_name", string_or_none)}, {"pos": One("position", text)})),
        "exactness": One("exactness", code_or_none_attribute),
        "location-class": One("location_class", code_or_none_attribute),
        "feature-designation": One("feature_designation", code_or_none_attribute),
    },
)
_participating_organisation = Shape(
    {
        **parts.ORGANISATION,
        "role": ("role", code),
        "activity-id": ("activity_id", code_or_none),
        "crs-channel-code": ("crs_channel_code", code_or_none),
    },
    NAMES,
)
_legacy_data = Shape(
    {
        "name": ("name", string),
        "value": ("value", string),
        "iati-equivalent": ("iati_equivalent", string_or_none),
    }
)


def _share_out(rule: str, shares: Iterable[tuple[Element, Fields]], findings: Findings) -> None:
    """Flag percentages that state something other than a whole."""
    stated = [
        (element, fields["percentage"]) for element, fields in shares if fields.get("percentage") is not None
    ]
    total = sum((percentage for _, percentage in stated), Decimal(0))
    if stated and abs(total - WHOLE) > TOLERANCE:
        findings.notice("percentages-not-100", f"The percentages of {rule} add up to {total}.", stated[0][0])


def _check_shares(element: Element, fields: Fields, findings: Findings) -> None:
    """Flag sectors per vocabulary, and countries with regions, whose percentages are not 100 in all."""
    groups: defaultdict[str, list[tuple[Element, Fields]]] = defaultdict(list)
    for child, sector in zip(element.iterchildren("sector"), fields.get("sectors", ()), strict=True):
        groups[f"sectors of vocabulary {sector.get('vocabulary') or '1'}"].append((child, sector))
    places = "countries and regions"
    for child, country in zip(
        element.iterchildren("recipient-country"), fields.get("recipient_countries", ()), strict=True
    ):
        groups[places].append((child, country))
    for child, region in zip(
        element.iterchildren("recipient-region"), fields.get("recipient_regions", ()), strict=True
    ):
        if (region.get("vocabulary") or "1") == "1":
            groups[places].append((child, region))
    for rule, shares in groups.items():
        _share_out(rule, shares, findings)


def _check_dates(element: Element, fields: Fields, findings: Findings) -> None:
    """Flag an activity whose planned or actual end lies before its start."""
    dates = {told["type"]: told["date"] for told in fields.get("dates", ()) if told["date"] is not None}
    for what, start, end in (("planned", "1", "3"), ("actual", "2", "4")):
        if start in dates and end in dates and dates[end] < dates[start]:
            child = next(
                date for date in element.iterchildren("activity-date") if date.get("type", "").strip() == end
            )
            reason = f"The {what} end, {dates[end]}, is before the {what} start, {dates[start]}."
            findings.notice("end-before-start", reason, child)


def _check(element: Element, fields: Fields, findings: Findings) -> None:
    _check_shares(element, fields, findings)
    _check_dates(element, fields, findings)


ACTIVITY = Shape(
    {
        "last-updated-datetime": ("last_updated", moment),
        XML_LANG: ("language", code_or_none),
        "default-currency": ("default_currency", parts.currency),
        "humanitarian": ("humanitarian", boolean),
        "hierarchy": ("hierarchy", integer),
        "linked-data-uri": ("linked_data_uri", string_or_none),
        "budget-not-provided": ("budget_not_provided", code_or_none),
    },
    {
        "iati-identifier": One("iati_identifier", text),
        "reporting-org": One("reporting_organisation", parts.reporting_organisation),
        "title": One("titles", narratives),
        "description": Many("descriptions", Shape(_TYPE_OR_NONE, NARRATIVES)),
        "participating-org": Many("participating_organisations", _participating_organisation),
        "other-identifier": Many(
            "other_identifiers",
            Shape(
                {"ref": ("ref", code), "type": ("type", code_or_none)},
                {"owner-org": One("owner", parts.organisation)},
            ),
        ),
        "activity-status": One("status", code_attribute),
        "activity-date": Many("dates", Shape({**_TYPE, "iso-date": ("date", day)}, NARRATIVES)),
        "contact-info": Many("contacts", _contact),
        "activity-scope": One("scope", code_or_none_attribute),
        "recipient-country": Many("recipient_countries", parts.share),
        "recipient-region": Many("recipient_regions", parts.share),
        "location": Many("locations", _location),
        "sector": Many("sectors", parts.share),
        "tag": Many("tags", parts.vocabulary_code),
        "humanitarian-scope": Many("humanitarian_scopes", Shape({**parts.VOCABULARY, **_TYPE}, NARRATIVES)),
        "policy-marker": Many(
            "policy_markers",
            Shape({**parts.VOCABULARY, "significance": ("significance", code_or_none)}, NARRATIVES),
        ),
        "collaboration-type": One("collaboration_type", code_or_none_attribute),
        "document-link": Many("documents", parts.document),
        "related-activity": Many("related_activities", Shape({"ref": ("ref", code), **_TYPE})),
        "legacy-data": Many("legacy_data", _legacy_data),
        "conditions": One(
            "conditions",
            Shape(
                {"attached": ("attached", boolean)},
                {"condition": Many("conditions", Shape(_TYPE, NARRATIVES))},
            ),
        ),
        **finance.CHILDREN,
        **results.CHILDREN,
    },
    check=_check,
)
