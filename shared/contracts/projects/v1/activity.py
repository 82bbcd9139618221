"""Contract of ``services/projects``: what an activity is, who takes part, where and in which sectors."""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime

from shared.contracts.base import Contract
from shared.contracts.iati import (
    Code,
    Description,
    Document,
    Narratives,
    Organisation,
    ReportingOrganisation,
    Share,
    VocabularyCode,
)
from shared.contracts.ids import Identifier
from shared.contracts.personal import CONTACT


class ParticipatingOrganisation(Organisation):
    """An organisation in an OrganisationRole: 1 funding, 2 accountable, 3 extending, 4 implementing."""

    role: Code
    activity_id: Code | None = None
    crs_channel_code: Code | None = None


class OtherIdentifier(Contract):
    """Another identifier of the activity, with the organisation that gave it."""

    ref: Code
    type: Code | None = None
    owner: Organisation | None = None


class ActivityDate(Contract):
    """A date of an ActivityDateType: 1 planned start, 2 actual start, 3 planned end, 4 actual end."""

    type: Code
    date: date
    narratives: Narratives = ()


class Contact(Contract):
    """Published contact details; personal data."""

    type: Code | None = None
    organisation: Narratives = ()
    department: Narratives = ()
    person_name: Annotated[Narratives, CONTACT] = ()
    job_title: Annotated[Narratives, CONTACT] = ()
    telephones: Annotated[tuple[str, ...], CONTACT] = ()
    emails: Annotated[tuple[str, ...], CONTACT] = ()
    websites: Annotated[tuple[str, ...], CONTACT] = ()
    mailing_addresses: Annotated[tuple[Narratives, ...], CONTACT] = ()


class Administrative(Contract):
    """An administrative division that holds a location."""

    code: Code
    vocabulary: Code | None = None
    level: int | None = None


class Location(Contract):
    """A sub-national place; ``position`` is "latitude longitude" as published."""

    ref: Code | None = None
    reach: Code | None = None
    ids: tuple[VocabularyCode, ...] = ()
    names: Narratives = ()
    descriptions: Narratives = ()
    activity_descriptions: Narratives = ()
    administrative: tuple[Administrative, ...] = ()
    srs_name: str | None = None
    position: str | None = None
    exactness: Code | None = None
    location_class: Code | None = None
    feature_designation: Code | None = None


class HumanitarianScope(VocabularyCode):
    """An emergency (type 1) or an appeal (type 2)."""

    type: Code


class PolicyMarker(VocabularyCode):
    """A policy marker with its PolicySignificance."""

    significance: Code | None = None


class RelatedActivity(Contract):
    """A link to an activity: 1 parent, 2 child, 3 sibling, 4 co-funded, 5 third party."""

    ref: Code
    type: Code


class LegacyData(Contract):
    """A name and value carried over from a publisher's own system."""

    name: str
    value: str
    iati_equivalent: str | None = None


class Condition(Contract):
    """A ConditionType (1 policy, 2 performance, 3 fiduciary) with its text."""

    type: Code
    narratives: Narratives = ()


class Conditions(Contract):
    """Whether conditions are attached to the activity, and which."""

    attached: bool
    conditions: tuple[Condition, ...] = ()


class Activity(Contract):
    """An IATI activity without its money and its results: the part that ``projects`` owns."""

    iati_identifier: Identifier
    reporting_organisation: ReportingOrganisation
    titles: Narratives
    descriptions: tuple[Description, ...] = ()
    participating_organisations: tuple[ParticipatingOrganisation, ...] = ()
    other_identifiers: tuple[OtherIdentifier, ...] = ()
    status: Code
    dates: tuple[ActivityDate, ...] = ()
    contacts: tuple[Contact, ...] = ()
    scope: Code | None = None
    recipient_countries: tuple[Share, ...] = ()
    recipient_regions: tuple[Share, ...] = ()
    locations: tuple[Location, ...] = ()
    sectors: tuple[Share, ...] = ()
    tags: tuple[VocabularyCode, ...] = ()
    humanitarian: bool | None = None
    humanitarian_scopes: tuple[HumanitarianScope, ...] = ()
    policy_markers: tuple[PolicyMarker, ...] = ()
    collaboration_type: Code | None = None
    documents: tuple[Document, ...] = ()
    related_activities: tuple[RelatedActivity, ...] = ()
    legacy_data: tuple[LegacyData, ...] = ()
    conditions: Conditions | None = None
    hierarchy: int | None = None
    language: Code | None = None
    last_updated: AwareDatetime | None = None
    linked_data_uri: str | None = None
    budget_not_provided: Code | None = None
