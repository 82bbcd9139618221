"""The catalog of every event type: who owns it, what it says, and the contract of its data."""

from dataclasses import dataclass
from uuid import UUID

from shared.contracts.base import Contract
from shared.contracts.funding.v1 import ActivityFinance, Partner, RateSheet
from shared.contracts.monitoring.v1 import ResultsFramework
from shared.contracts.projects.v1 import Activity

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

CATALOG: dict[str, EventType] = {
    event.name: event
    for facts in (ACTIVITY, FINANCE, PARTNER, FRAMEWORK, RATES)
    for event in (facts.created, facts.changed)
}
