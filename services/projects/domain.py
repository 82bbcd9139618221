"""What the projects service keeps of an activity, and the columns it filters by."""

from typing import Any

from shared.contracts.projects.v1 import Activity


def filter_columns(activity: Activity) -> dict[str, Any]:
    """Return the columns of an activity that a list may filter by."""
    return {
        "status": activity.status,
        "reporting_organisation": activity.reporting_organisation.ref,
        "countries": sorted({country.code for country in activity.recipient_countries}),
    }
