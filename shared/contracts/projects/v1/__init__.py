"""Contract of ``services/projects``: what an activity is, who takes part, where and in which sectors."""

from shared.contracts.projects.v1.activity import (
    Activity,
    ActivityDate,
    Administrative,
    Condition,
    Conditions,
    Contact,
    HumanitarianScope,
    LegacyData,
    Location,
    OtherIdentifier,
    ParticipatingOrganisation,
    PolicyMarker,
    RelatedActivity,
)

__all__ = [
    "Activity",
    "ActivityDate",
    "Administrative",
    "Condition",
    "Conditions",
    "Contact",
    "HumanitarianScope",
    "LegacyData",
    "Location",
    "OtherIdentifier",
    "ParticipatingOrganisation",
    "PolicyMarker",
    "RelatedActivity",
]
