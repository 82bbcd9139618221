"""The catalog of every event type: who owns it, what it says, and the contract of its data."""

from dataclasses import dataclass
from uuid import UUID

from shared.contracts.base import Contract
from shared.contracts.funding.v1 import ActivityFinance, Partner, RateSheet
from shared.contracts.monitoring.v1 import ResultsFramework
from shared.contracts.projects.v1 import (
    Activity,
    CountryProgramme,
    CriteriaSet,
    DevelopmentAgenda,
    FieldOffice,
    FragilityList,
    ProgrammeBudget,
    Proposal,
)

OWNERS = ("projects", "funding", "monitoring")


@dataclass(frozen=True, slots=True)
class EventType:
    """A fact that an owner publishes on ``<owner>.v<version>.<aggregate>.<fact>.<aggregate id>``."""

    owner: str
    aggregate: str
    fact: str
    data: type[Contract]
    summary: str
    version: int = 1

    @property
    def name(self) -> str:
        """Dotted name without the version, as in ``projects.activity.registered``."""
        return f"{self.owner}.{self.aggregate}.{self.fact}"

    def subject(self, aggregate_id: UUID) -> str:
        """NATS subject of the fact for one aggregate."""
        return f"{self.owner}.v{self.version}.{self.aggregate}.{self.fact}.{aggregate_id}"


@dataclass(frozen=True, slots=True)
class AggregateFacts:
    """The two facts of an aggregate that is kept as one document: it came to be, and it changed."""

    created: EventType
    changed: EventType


ACTIVITY = AggregateFacts(
    EventType("projects", "activity", "registered", Activity, "An activity is known for the first time."),
    EventType("projects", "activity", "revised", Activity, "An activity changed; the data is its new state."),
)
FINANCE = AggregateFacts(
    EventType(
        "funding",
        "finance",
        "recorded",
        ActivityFinance,
        "The money of an activity is known for the first time.",
    ),
    EventType(
        "funding",
        "finance",
        "revised",
        ActivityFinance,
        "The money of an activity changed; the data is its new state.",
    ),
)
PARTNER = AggregateFacts(
    EventType(
        "funding", "partner", "registered", Partner, "A partner organisation is known for the first time."
    ),
    EventType(
        "funding", "partner", "revised", Partner, "A partner organisation changed; the data is its new state."
    ),
)
FRAMEWORK = AggregateFacts(
    EventType(
        "monitoring",
        "framework",
        "recorded",
        ResultsFramework,
        "The results of an activity are known for the first time.",
    ),
    EventType(
        "monitoring",
        "framework",
        "revised",
        ResultsFramework,
        "The results of an activity changed; the data is its new state.",
    ),
)
RATES = AggregateFacts(
    EventType(
        "funding",
        "rates",
        "published",
        RateSheet,
        "The exchange rates of a source for a month are known for the first time.",
    ),
    EventType(
        "funding",
        "rates",
        "revised",
        RateSheet,
        "The exchange rates of a source for a month changed; the data is their new state.",
    ),
)
PROGRAMME_BUDGET = AggregateFacts(
    EventType(
        "projects",
        "programme-budget",
        "adopted",
        ProgrammeBudget,
        "The programme and budget of a biennium is known for the first time.",
    ),
    EventType(
        "projects",
        "programme-budget",
        "revised",
        ProgrammeBudget,
        "A programme and budget changed; the data is its new state.",
    ),
)
COUNTRY_PROGRAMME = AggregateFacts(
    EventType(
        "projects",
        "country-programme",
        "adopted",
        CountryProgramme,
        "A country programme is known for the first time.",
    ),
    EventType(
        "projects",
        "country-programme",
        "revised",
        CountryProgramme,
        "A country programme changed; the data is its new state.",
    ),
)
DEVELOPMENT_AGENDA = AggregateFacts(
    EventType(
        "projects",
        "development-agenda",
        "adopted",
        DevelopmentAgenda,
        "A development agenda is known for the first time.",
    ),
    EventType(
        "projects",
        "development-agenda",
        "revised",
        DevelopmentAgenda,
        "A development agenda changed; the data is its new state.",
    ),
)
FRAGILITY_LIST = AggregateFacts(
    EventType(
        "projects",
        "fragility-list",
        "registered",
        FragilityList,
        "An edition of a list of fragile contexts is known for the first time.",
    ),
    EventType(
        "projects",
        "fragility-list",
        "revised",
        FragilityList,
        "An edition of a list of fragile contexts changed; the data is its new state.",
    ),
)
FIELD_OFFICE = AggregateFacts(
    EventType(
        "projects", "field-office", "registered", FieldOffice, "A field office is known for the first time."
    ),
    EventType(
        "projects",
        "field-office",
        "revised",
        FieldOffice,
        "A field office changed; the data is its new state.",
    ),
)
PROGRAMMING = (PROGRAMME_BUDGET, COUNTRY_PROGRAMME, DEVELOPMENT_AGENDA, FRAGILITY_LIST, FIELD_OFFICE)
"""The facts of programming frameworks."""
PROPOSAL = AggregateFacts(
    EventType("projects", "proposal", "registered", Proposal, "A proposal is known for the first time."),
    EventType(
        "projects",
        "proposal",
        "revised",
        Proposal,
        "A proposal changed, took a step or was appraised; the data is its new state.",
    ),
)
CRITERIA_SET = AggregateFacts(
    EventType(
        "projects",
        "criteria-set",
        "adopted",
        CriteriaSet,
        "A version of the criteria of appraisals is known for the first time.",
    ),
    EventType(
        "projects",
        "criteria-set",
        "revised",
        CriteriaSet,
        "Never told: a version of criteria is for good, and what changes is another version.",
    ),
)

CATALOG: dict[str, EventType] = {
    event.name: event
    for facts in (ACTIVITY, FINANCE, PARTNER, FRAMEWORK, RATES, *PROGRAMMING, PROPOSAL, CRITERIA_SET)
    for event in (facts.created, facts.changed)
}
