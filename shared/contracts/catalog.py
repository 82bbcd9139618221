"""The catalog of every event type: who owns it, what it says, and the contract of its data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

from shared.contracts.alerts import Alert
from shared.contracts.base import Contract
from shared.contracts.funding.v1 import (
    ActivityFinance,
    Agreement,
    MobilisationTarget,
    Partner,
    PartnerProfile,
    Pledge,
    Pool,
    PriorityRule,
    RateSheet,
    Scenario,
    Workplan,
)
from shared.contracts.monitoring.v1 import (
    Contributions,
    Evaluation,
    EvaluationPolicy,
    PeriodLock,
    ProgrammeFramework,
    Publication,
    Report,
    ResultsFramework,
    Training,
)
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
    """The facts of an aggregate that is kept as one document: it came to be, entered a state, or changed otherwise."""

    created: EventType
    changed: EventType
    entered: Mapping[str, EventType] = field(default_factory=dict)

    @property
    def all(self) -> tuple[EventType, ...]:
        """Every fact, in the order of an aggregate's life."""
        return (self.created, *self.entered.values(), self.changed)


def _facts(  # noqa: PLR0913
    owner: str,
    aggregate: str,
    created: str,
    data: type[Contract],
    what: str,
    *,
    comes: str = "is known for the first time",
    change: str = "changed; the data is its new state.",
    states: Mapping[str, str] = MappingProxyType({}),
) -> AggregateFacts:
    """Return the facts of an aggregate; ``what`` begins their summaries.

    ``states`` names the fact of each state that it may enter after it came to be.
    """
    return AggregateFacts(
        EventType(owner, aggregate, created, data, f"{what} {comes}."),
        EventType(owner, aggregate, "revised", data, f"{what} {change}"),
        {
            state: EventType(
                owner, aggregate, fact, data, f"{what} is {state} now; the data is its new state."
            )
            for state, fact in states.items()
        },
    )


def _named(*states: str, **others: str) -> dict[str, str]:
    """Return the facts of states, which most have the name of the state; a dash is an underscore in ``others``."""
    return {state: state for state in states} | {k.replace("_", "-"): v for k, v in others.items()}


_ARE_KNOWN, _THEIR_STATE = "are known for the first time", "changed; the data is their new state."
_FOR_GOOD = "is for good: this is never told, and what changes is another version."

ACTIVITY = _facts("projects", "activity", "registered", Activity, "An activity")
PROGRAMME_BUDGET = _facts(
    "projects", "programme-budget", "adopted", ProgrammeBudget, "A programme and budget of a biennium"
)
COUNTRY_PROGRAMME = _facts(
    "projects", "country-programme", "adopted", CountryProgramme, "A country programme"
)
DEVELOPMENT_AGENDA = _facts(
    "projects", "development-agenda", "adopted", DevelopmentAgenda, "A development agenda"
)
FRAGILITY_LIST = _facts(
    "projects",
    "fragility-list",
    "registered",
    FragilityList,
    "An edition of a list of fragile contexts",
)
FIELD_OFFICE = _facts("projects", "field-office", "registered", FieldOffice, "A field office")
PROGRAMMING = (PROGRAMME_BUDGET, COUNTRY_PROGRAMME, DEVELOPMENT_AGENDA, FRAGILITY_LIST, FIELD_OFFICE)
"""The facts of programming frameworks."""
PROPOSAL = _facts(
    "projects",
    "proposal",
    "registered",
    Proposal,
    "A proposal",
    change="changed or was appraised; the data is its new state.",
    states=_named(
        "submitted-for-appraisal",
        "returned",
        "rejected",
        "passed",
        "submitted-to-donor",
        "approved",
        "declined",
        "suspended",
        "operationally-closed",
        "financially-closed",
        "cancelled",
        draft="developed",
        active="activated",
    ),
)
CRITERIA_SET = _facts(
    "projects",
    "criteria-set",
    "adopted",
    CriteriaSet,
    "A version of the criteria of appraisals",
    change=_FOR_GOOD,
)

FINANCE = _facts("funding", "finance", "recorded", ActivityFinance, "The money of an activity")
PARTNER = _facts("funding", "partner", "registered", Partner, "A partner organisation")
PARTNER_PROFILE = _facts(
    "funding", "partner-profile", "registered", PartnerProfile, "The profile of a partner organisation"
)
RATES = _facts(
    "funding",
    "rates",
    "published",
    RateSheet,
    "The exchange rates of a source for a month",
    comes=_ARE_KNOWN,
    change=_THEIR_STATE,
)
AGREEMENT = _facts(
    "funding",
    "agreement",
    "drafted",
    Agreement,
    "A partnership agreement",
    change="changed, received money or was allocated; the data is its new state.",
    states=_named("signed", "suspended", "completed", "terminated", "cancelled", active="activated"),
)
POOL = _facts("funding", "pool", "opened", Pool, "A pool of un-earmarked money of a biennium")
PLEDGE = _facts("funding", "pledge", "announced", Pledge, "A pledge", states=_named("converted", "withdrawn"))
MOBILISATION_TARGET = _facts(
    "funding", "mobilisation-target", "set", MobilisationTarget, "A target for what is to be mobilised"
)
WORKPLAN = _facts("funding", "workplan", "drawn-up", Workplan, "The work plan of an outcome for a biennium")
PRIORITY_RULE = _facts(
    "funding",
    "priority-rule",
    "adopted",
    PriorityRule,
    "A version of the rule of priorities",
    change=_FOR_GOOD,
)
SCENARIO = _facts(
    "funding",
    "scenario",
    "made",
    Scenario,
    "A scenario of allocations",
    states=_named("adopted", "discarded"),
)
FUNDING_ALERT = _facts(
    "funding",
    "alert",
    "raised",
    Alert,
    "An alert about money",
    comes="is raised for the first time",
    states=_named("resolved", raised="raised-again"),
)
PARTNERSHIPS = (PARTNER_PROFILE, AGREEMENT, POOL, PLEDGE, MOBILISATION_TARGET, FUNDING_ALERT)
"""The facts of partnerships and of what is due or overdue in them."""
WORKPLANS = (WORKPLAN, PRIORITY_RULE, SCENARIO)
"""The facts of outcome-based work plans."""

FRAMEWORK = _facts(
    "monitoring",
    "framework",
    "recorded",
    ResultsFramework,
    "The results of an activity",
    comes=_ARE_KNOWN,
    change=_THEIR_STATE,
)
CONTRIBUTIONS = _facts(
    "monitoring",
    "contributions",
    "recorded",
    Contributions,
    "The contributions of an activity",
    comes=_ARE_KNOWN,
    change=_THEIR_STATE,
)
PROGRAMME_FRAMEWORK = _facts(
    "monitoring",
    "programme-framework",
    "recorded",
    ProgrammeFramework,
    "The results framework of a country programme or of a biennium",
)
REPORT = _facts(
    "monitoring",
    "report",
    "drafted",
    Report,
    "A progress report",
    change="changed; the data is its new state.",
    states=_named("submitted", "returned", "validated", "published"),
)
PERIOD_LOCK = _facts(
    "monitoring",
    "period-lock",
    "set",
    PeriodLock,
    "A lock of periods",
    change="was given an exception or changed; the data is its new state.",
    states=_named("released", locked="set-again"),
)
EVALUATION = _facts(
    "monitoring",
    "evaluation",
    "planned",
    Evaluation,
    "An evaluation",
    change="changed or was followed up; the data is its new state.",
    states=_named("completed", "responded", "closed", "cancelled", under_way="begun"),
)
EVALUATION_POLICY = _facts(
    "monitoring",
    "evaluation-policy",
    "adopted",
    EvaluationPolicy,
    "A version of the policy of evaluations",
    change=_FOR_GOOD,
)
TRAINING = _facts("monitoring", "training", "recorded", Training, "A training event")
PUBLICATION = _facts("monitoring", "publication", "recorded", Publication, "A publication")
MONITORING_ALERT = _facts(
    "monitoring",
    "alert",
    "raised",
    Alert,
    "An alert about a report, an evaluation or a follow-up",
    comes="is raised for the first time",
    states=_named("resolved", raised="raised-again"),
)
TRACKING = (
    CONTRIBUTIONS,
    PROGRAMME_FRAMEWORK,
    REPORT,
    PERIOD_LOCK,
    EVALUATION,
    EVALUATION_POLICY,
    TRAINING,
    PUBLICATION,
    MONITORING_ALERT,
)
"""The facts of monitoring beside the results themselves."""

ALL = (
    *(ACTIVITY, FINANCE, PARTNER, FRAMEWORK, RATES, *PROGRAMMING, PROPOSAL, CRITERIA_SET),
    *PARTNERSHIPS,
    *WORKPLANS,
    *TRACKING,
)

CATALOG: dict[str, EventType] = {event.name: event for facts in ALL for event in facts.all}
"""Every event type by its name."""
