"""What the projects service keeps of an activity, the columns it filters by, and what an author may not write."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from shared.contracts.projects.v1 import Activity
from shared.figures.attribution import DEFAULT_VOCABULARY
from shared.figures.shares import share_faults

OWN_VOCABULARIES = ("98", "99")
"""Vocabularies of a reporting organisation, which has several of them under one code, each of its own URI."""


def filter_columns(activity: Activity) -> dict[str, Any]:
    """Return the columns of an activity that a list may filter by."""
    return {
        "status": activity.status,
        "reporting_organisation": activity.reporting_organisation.ref,
        "countries": sorted({country.code for country in activity.recipient_countries}),
    }


def faults_of_activity(activity: Activity) -> list[tuple[str, str, str]]:
    """Return what keeps an activity from being written by an author, as (pointer, code, detail).

    Recipient countries and the regions of the default vocabulary are parts of one whole, and so are the sectors of
    each vocabulary (IATI ruleset).
    """
    wholes: dict[object, list[tuple[str, Decimal | None]]] = defaultdict(list)
    for place, country in enumerate(activity.recipient_countries):
        wholes["places"].append((f"/recipient_countries/{place}", country.percentage))
    for place, region in enumerate(activity.recipient_regions):
        is_default = region.vocabulary in (None, DEFAULT_VOCABULARY)
        whole = "places" if is_default else ("region", place)
        wholes[whole].append((f"/recipient_regions/{place}", region.percentage))
    for place, sector in enumerate(activity.sectors):
        vocabulary = sector.vocabulary or DEFAULT_VOCABULARY
        uri = sector.vocabulary_uri if vocabulary in OWN_VOCABULARIES else None
        wholes["sectors", vocabulary, uri].append((f"/sectors/{place}", sector.percentage))
    return [fault for shares in wholes.values() for fault in share_faults(shares)]
