"""Types of Activity; written by ``python -m client.generate``."""

from typing import NotRequired, TypedDict


class Narrative(TypedDict):
    """Text in one language; ``lang`` is None where the publisher's default language applies."""

    lang: NotRequired[str | None]
    text: str


class ActivityDate(TypedDict):
    """A date of an ActivityDateType: 1 planned start, 2 actual start, 3 planned end, 4 actual end."""

    date: str
    narratives: NotRequired[list[Narrative]]
    type: str


class Condition(TypedDict):
    """A ConditionType (1 policy, 2 performance, 3 fiduciary) with its text."""

    narratives: NotRequired[list[Narrative]]
    type: str


class Conditions(TypedDict):
    """Whether conditions are attached to the activity, and which."""

    attached: bool
    conditions: NotRequired[list[Condition]]


class Contact(TypedDict):
    """Published contact details; personal data."""

    department: NotRequired[list[Narrative]]
    emails: NotRequired[list[str]]
    job_title: NotRequired[list[Narrative]]
    mailing_addresses: NotRequired[list[list[Narrative]]]
    organisation: NotRequired[list[Narrative]]
    person_name: NotRequired[list[Narrative]]
    telephones: NotRequired[list[str]]
    type: NotRequired[str | None]
    websites: NotRequired[list[str]]


class Description(TypedDict):
    """A description of a DescriptionType (1 general, 2 objectives, 3 target groups)."""

    narratives: NotRequired[list[Narrative]]
    type: NotRequired[str | None]


class VocabularyCode(TypedDict):
    """A code of a vocabulary, with the narratives that a publisher's own vocabulary needs."""

    code: str
    narratives: NotRequired[list[Narrative]]
    vocabulary: NotRequired[str | None]
    vocabulary_uri: NotRequired[str | None]


class Document(TypedDict):
    """A document link."""

    categories: NotRequired[list[str]]
    descriptions: NotRequired[list[Narrative]]
    document_date: NotRequired[str | None]
    format: NotRequired[str | None]
    languages: NotRequired[list[str]]
    recipient_countries: NotRequired[list[VocabularyCode]]
    titles: NotRequired[list[Narrative]]
    url: str


class HumanitarianScope(TypedDict):
    """An emergency (type 1) or an appeal (type 2)."""

    code: str
    narratives: NotRequired[list[Narrative]]
    type: str
    vocabulary: NotRequired[str | None]
    vocabulary_uri: NotRequired[str | None]


class LegacyData(TypedDict):
    """A name and value carried over from a publisher's own system."""

    iati_equivalent: NotRequired[str | None]
    name: str
    value: str


class Administrative(TypedDict):
    """An administrative division that holds a location."""

    code: str
    level: NotRequired[int | None]
    vocabulary: NotRequired[str | None]


class Location(TypedDict):
    """A sub-national place; ``position`` is "latitude longitude" as published."""

    activity_descriptions: NotRequired[list[Narrative]]
    administrative: NotRequired[list[Administrative]]
    descriptions: NotRequired[list[Narrative]]
    exactness: NotRequired[str | None]
    feature_designation: NotRequired[str | None]
    ids: NotRequired[list[VocabularyCode]]
    location_class: NotRequired[str | None]
    names: NotRequired[list[Narrative]]
    position: NotRequired[str | None]
    reach: NotRequired[str | None]
    ref: NotRequired[str | None]
    srs_name: NotRequired[str | None]


class Organisation(TypedDict):
    """An organisation as an activity names it; ``ref`` is its IATI organisation identifier."""

    names: NotRequired[list[Narrative]]
    ref: NotRequired[str | None]
    type: NotRequired[str | None]


class OtherIdentifier(TypedDict):
    """Another identifier of the activity, with the organisation that gave it."""

    owner: NotRequired[Organisation | None]
    ref: str
    type: NotRequired[str | None]


class ParticipatingOrganisation(TypedDict):
    """An organisation in an OrganisationRole: 1 funding, 2 accountable, 3 extending, 4 implementing."""

    activity_id: NotRequired[str | None]
    crs_channel_code: NotRequired[str | None]
    names: NotRequired[list[Narrative]]
    ref: NotRequired[str | None]
    role: str
    type: NotRequired[str | None]


class PolicyMarker(TypedDict):
    """A policy marker with its PolicySignificance."""

    code: str
    narratives: NotRequired[list[Narrative]]
    significance: NotRequired[str | None]
    vocabulary: NotRequired[str | None]
    vocabulary_uri: NotRequired[str | None]


class RelatedActivity(TypedDict):
    """A link to an activity: 1 parent, 2 child, 3 sibling, 4 co-funded, 5 third party."""

    ref: str
    type: str


class ReportingOrganisation(TypedDict):
    """The publisher of the data, who may be a secondary reporter of another's activity."""

    names: NotRequired[list[Narrative]]
    ref: NotRequired[str | None]
    secondary_reporter: NotRequired[bool | None]
    type: NotRequired[str | None]


class Share(TypedDict):
    """A country, region or sector with its percentage of the whole (0 to 100, None if not given)."""

    code: str
    narratives: NotRequired[list[Narrative]]
    percentage: NotRequired[str | None]
    vocabulary: NotRequired[str | None]
    vocabulary_uri: NotRequired[str | None]


class Activity(TypedDict):
    """An IATI activity without its money and its results: the part that ``projects`` owns."""

    budget_not_provided: NotRequired[str | None]
    collaboration_type: NotRequired[str | None]
    conditions: NotRequired[Conditions | None]
    contacts: NotRequired[list[Contact]]
    dates: NotRequired[list[ActivityDate]]
    descriptions: NotRequired[list[Description]]
    documents: NotRequired[list[Document]]
    hierarchy: NotRequired[int | None]
    humanitarian: NotRequired[bool | None]
    humanitarian_scopes: NotRequired[list[HumanitarianScope]]
    iati_identifier: str
    language: NotRequired[str | None]
    last_updated: NotRequired[str | None]
    legacy_data: NotRequired[list[LegacyData]]
    linked_data_uri: NotRequired[str | None]
    locations: NotRequired[list[Location]]
    other_identifiers: NotRequired[list[OtherIdentifier]]
    participating_organisations: NotRequired[list[ParticipatingOrganisation]]
    policy_markers: NotRequired[list[PolicyMarker]]
    recipient_countries: NotRequired[list[Share]]
    recipient_regions: NotRequired[list[Share]]
    related_activities: NotRequired[list[RelatedActivity]]
    reporting_organisation: ReportingOrganisation
    scope: NotRequired[str | None]
    sectors: NotRequired[list[Share]]
    status: str
    tags: NotRequired[list[VocabularyCode]]
    titles: list[Narrative]
