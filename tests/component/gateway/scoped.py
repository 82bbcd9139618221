"""Random worlds and grants, and what the policy lets be seen of them: told from the documents, not from the read model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from gateway.projection.events import Event
from shared.contracts.alerts import Alert, AlertSubject
from shared.contracts.base import Contract
from shared.contracts.catalog import (
    ACTIVITY,
    COUNTRY_PROGRAMME,
    FINANCE,
    FUNDING_ALERT,
    MONITORING_ALERT,
)
from shared.contracts.funding.v1 import ActivityFinance, PeriodBudget
from shared.contracts.iati import Money, Narrative
from shared.contracts.projects.v1 import Activity, Contact, CountryProgramme, ParticipatingOrganisation
from shared.policy.grants import Grant, Role, covered
from shared.policy.permits import Permit, Refused, permit
from shared.policy.places import Place, place, together
from shared.policy.placing import is_published, place_of_activity, placing_of
from shared.policy.principals import PUBLIC, Principal
from shared.testing.portfolios import IDS, Told, contributions, portfolios, programmes
from shared.testing.read_models import event

C = TypeVar("C", bound=Contract)

COUNTRIES = ("KE", "UG", "TZ")
ORGANISATIONS = ("SE-0", "CH-4", "XM-DAC-41302")
FINANCE_ALONE = "XM-DAC-41302-9"
"""A project of which only funding has told."""
NAME = "Zebedee"
"""Of a person to contact, in no title or description."""
RAISED_AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
YEAR = 2024


class World:
    """What the owners told: parts of projects with their first finances, and documents beside them."""

    def __init__(
        self,
        activities: Sequence[Activity],
        finances: Sequence[ActivityFinance],
        documents: Sequence[Told],
    ) -> None:
        self.activities = {each.iati_identifier: each for each in activities}
        self.finances = finances
        self.former = [_with_budget(finance) for finance in finances]
        self.documents = documents

    def __repr__(self) -> str:
        """Name it in a few words: it has many."""
        return f"World of {', '.join(self.activities)}"

    def told(self, kind: type[C]) -> list[C]:
        """Return the documents of a kind."""
        return [document for _, document in self.documents if isinstance(document, kind)]


@st.composite
def worlds(draw: DrawFn) -> World:
    """Draw a portfolio in places and states, what it is programmed for, and alerts about it."""
    portfolio = [(draw(_placed(activity)), finance) for activity, finance in draw(portfolios())]
    programming = [draw(_with_state(*told)) for told in draw(programmes())]
    documents = [*programming, *draw(contributions(portfolio)), *draw(alerts())]
    alone = ActivityFinance(iati_identifier=FINANCE_ALONE, default_currency="USD")
    return World(
        [activity for activity, _ in portfolio], [*(finance for _, finance in portfolio), alone], documents
    )


def events_of(world: World) -> list[list[Event]]:
    """Return the events of a world in batches; every finance is told twice, so that it has a history."""
    return [
        [event(kind, document) for kind, document in world.documents],
        [event(ACTIVITY, activity) for activity in world.activities.values()],
        [event(FINANCE, finance) for finance in world.former],
        [event(FINANCE, finance, 2) for finance in world.finances],
    ]


@st.composite
def _placed(draw: DrawFn, activity: Activity) -> Activity:
    partners = draw(st.lists(st.sampled_from(["SE-0", "CH-4"]), unique=True))
    return activity.model_copy(
        update={
            "status": draw(st.sampled_from(["1", "1", "2", "4"])),
            "titles": (Narrative(text=draw(st.sampled_from(["Decent work", "Labour inspection"]))),),
            "participating_organisations": tuple(
                ParticipatingOrganisation(role="1", ref=each, names=(Narrative(text=f"Of {each}"),))
                for each in partners
            ),
            "contacts": tuple(
                Contact(person_name=(Narrative(text=NAME),)) for _ in range(draw(st.integers(0, 1)))
            ),
        }
    )


@st.composite
def _with_state(draw: DrawFn, kind: object, document: Contract) -> tuple[object, Contract]:
    if kind is COUNTRY_PROGRAMME:
        document = document.model_copy(update={"status": draw(st.sampled_from(["draft", "active"]))})
    return kind, document


def _with_budget(finance: ActivityFinance) -> ActivityFinance:
    start = datetime(YEAR, 1, 1, tzinfo=UTC).date()
    value = Money(amount=Decimal(77), currency="USD", value_date=start)
    budget = PeriodBudget(type="1", period_start=start, period_end=start.replace(month=12), value=value)
    return finance.model_copy(update={"budgets": (budget, *finance.budgets)})


@st.composite
def alerts(draw: DrawFn) -> list[Told]:
    """Draw alerts about some countries, partners and projects, of both owners."""
    some = st.lists(st.sampled_from(COUNTRIES), unique=True, max_size=1)
    partners = st.lists(st.sampled_from(ORGANISATIONS), unique=True, max_size=1)
    projects = st.lists(st.sampled_from(IDS), unique=True, max_size=2)
    return [
        (
            facts,
            Alert(
                identifier=f"report-overdue/{number}/all",
                kind="report-overdue",
                subject=AlertSubject(aggregate="report", identifier=str(number)),
                raised_at=RAISED_AT,
                countries=draw(some),
                partners=draw(partners),
                activities=draw(projects),
                text="Look",
            ),
        )
        for number, facts in enumerate((FUNDING_ALERT, MONITORING_ALERT) * 3)
    ]


@st.composite
def grants(draw: DrawFn) -> Grant:
    """Draw a grant of any role that can be granted, restricted or not."""

    def some(values: Iterable[str]) -> frozenset[str] | None:
        wanted = st.frozensets(st.sampled_from(sorted(values)), min_size=1, max_size=2)
        found: frozenset[str] | None = draw(st.none() | st.none() | wanted)
        return found

    role = draw(st.sampled_from([each for each in Role if each is not Role.PUBLIC]))
    return Grant(
        role=role,
        countries=some(COUNTRIES),
        organisations=some(ORGANISATIONS),
        projects=some([*IDS, FINANCE_ALONE]),
    )


ALL_OF_THEM = st.lists(st.lists(grants(), min_size=1, max_size=3), min_size=5, max_size=5)
"""Grants of a few principals."""


@dataclass(frozen=True)
class Eye:
    """What somebody with some grants may see of a world, by the policy; without any it is the public."""

    world: World
    grants: tuple[Grant, ...]

    @property
    def principal(self) -> Principal:
        """Who looks."""
        return Principal("issuer", "s", "s", "s", self.grants) if self.grants else PUBLIC

    def permit(self, resource: str) -> Permit | None:
        """Return what may be read of a resource, None where it is refused."""
        try:
            return permit(self.principal, resource, "read")
        except Refused:
            return None

    def status(self, resource: str) -> int:
        """Return what a read of a resource is answered with where nothing is amiss."""
        refused = 401 if self.principal is PUBLIC else 403
        return 200 if self.permit(resource) else refused

    def sees_project(self, identifier: str, resource: str = "results") -> bool:
        """Tell whether a project is seen by the rule of a resource."""
        permit = self.permit(resource)
        if permit is None:
            return False
        activity = self.world.activities.get(identifier)
        if activity is None:
            return permit.is_everywhere or permit.covers(place(projects=[identifier]))
        published = permit.published and is_published(activity)
        return published or permit.is_everywhere or permit.covers(place_of_activity(activity))

    def projects(self, resource: str = "results") -> list[str]:
        """Return the projects with an activity that are seen."""
        return [each for each in sorted(self.world.activities) if self.sees_project(each, resource)]

    def covers(self, resource: str, document: Contract, of: str | None = None) -> bool:
        """Tell whether a permit covers a document where that belongs, by its own place and those of its projects.

        ``of`` is the resource that the document is, if not that of the permit.
        """
        permit = self.permit(resource)
        if permit is None:
            return False
        return permit.is_everywhere or permit.covers(self._place(of or resource, document))

    def sees_programme(self, programme: CountryProgramme) -> bool:
        """Tell whether a country programme is seen."""
        return programme.status != "draft" or self.covers("country-programme", programme)

    def withheld(self, identifier: str) -> list[str]:
        """Return the members of an activity that are not seen."""
        permit = self.permit("activity")
        where = place_of_activity(self.world.activities[identifier])
        members = permit.withheld() if permit else ()
        return [member for member, shown in members if not covered(shown, where)]

    def _place(self, resource: str, document: Contract) -> Place:
        own = placing_of(resource).place(document)
        known = [self.world.activities[each] for each in own.projects if each in self.world.activities]
        return own | together(map(place_of_activity, known))
