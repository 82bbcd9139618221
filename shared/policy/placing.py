"""Where each kind of document belongs, and when it is published; by resource.

A resource that is not here belongs to the office as a whole and is not published.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from shared.contracts.alerts import Alert
from shared.contracts.base import Contract
from shared.contracts.funding.v1 import ActivityFinance, Agreement, Partner, PartnerProfile, Pledge
from shared.contracts.iati import Organisation, Share
from shared.contracts.monitoring.v1 import (
    Contributions,
    Evaluation,
    PeriodLock,
    Publication,
    Report,
    ResultsFramework,
    Training,
)
from shared.contracts.projects.v1 import CountryProgramme, FieldOffice, Proposal
from shared.policy.permits import Permit
from shared.policy.places import OFFICE, Place, place

C = TypeVar("C", bound=Contract)

PIPELINE = "1"
"""ActivityStatus of what is only being scoped or planned (IATI 2.03)."""
SHOWN_TO_DONOR = (
    "submitted-to-donor",
    "approved",
    "declined",
    "active",
    "suspended",
    "operationally-closed",
    "financially-closed",
)
"""States of a proposal in which its donor sees it."""
SHOWN_EVALUATIONS = ("completed", "responded", "closed")


class PlacedActivity(Protocol):
    """What tells where an activity belongs, whole or as much of it as is copied."""

    @property
    def iati_identifier(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def recipient_countries(self) -> Iterable[Share]: ...
    @property
    def reporting_organisation(self) -> Organisation: ...
    @property
    def participating_organisations(self) -> Iterable[Organisation]: ...


@dataclass(frozen=True, slots=True)
class Placing(Generic[C]):
    """Where documents of a resource belong, and which of them are published; ``version`` is raised with every change."""

    place: Callable[[C], Place] = lambda _: OFFICE
    is_public: Callable[[C], bool] = lambda _: False
    version: int = 1


def place_of_activity(activity: PlacedActivity) -> Place:
    """Return the recipient countries of an activity, its publisher and those who take part, and itself."""
    organisations = [activity.reporting_organisation, *activity.participating_organisations]
    return place(
        countries=(country.code for country in activity.recipient_countries),
        organisations=(each.ref for each in organisations),
        projects=[activity.iati_identifier],
    )


def is_published(activity: PlacedActivity) -> bool:
    """Tell whether everybody may see an activity: it has left the pipeline."""
    return activity.status != PIPELINE


def _of_proposal(proposal: Proposal) -> Place:
    shown = proposal.donor if proposal.state in SHOWN_TO_DONOR else None
    return place(countries=proposal.countries, organisations=[shown.ref if shown else None])


def _of_agreement(agreement: Agreement) -> Place:
    named = [each.organisation.ref for each in agreement.partners] if agreement.state != "draft" else []
    return place(countries=agreement.scope.countries, organisations=named)


def _of_pledge(pledge: Pledge) -> Place:
    return place(countries=pledge.scope.countries, organisations=[pledge.partner.ref])


def _of_partner(partner: Partner | PartnerProfile) -> Place:
    return place(organisations=[partner.organisation_identifier])


def _of_project(
    document: ActivityFinance | ResultsFramework | Contributions | Report | Evaluation | PeriodLock,
) -> Place:
    return place(projects=[document.iati_identifier])


def _of_training(training: Training) -> Place:
    return place(countries=[training.country], projects=training.activities)


def _of_publication(publication: Publication) -> Place:
    return place(projects=publication.activities)


def _of_alert(alert: Alert) -> Place:
    return place(countries=alert.countries, organisations=alert.partners, projects=alert.activities)


def _of_country_programme(programme: CountryProgramme) -> Place:
    return place(countries=[programme.country])


def _of_field_office(office: FieldOffice) -> Place:
    return place(countries=office.countries)


def _always(_: Contract) -> bool:
    return True


PLACING: Mapping[str, Placing[Any]] = {
    "activity": Placing(place_of_activity, is_published),
    "programme-budget": Placing(is_public=_always),
    "development-agenda": Placing(is_public=_always),
    "fragility-list": Placing(is_public=_always),
    "criteria-set": Placing(is_public=_always),
    "country-programme": Placing(_of_country_programme, lambda each: each.status != "draft"),
    "field-office": Placing(_of_field_office, _always),
    "proposal": Placing(_of_proposal),
    "finance": Placing(_of_project, _always),
    "partner": Placing(_of_partner, _always),
    "rates": Placing(is_public=_always),
    "partner-profile": Placing(_of_partner),
    "agreement": Placing(_of_agreement),
    "pledge": Placing(_of_pledge),
    "framework": Placing(_of_project, _always),
    "contributions": Placing(_of_project, _always),
    "programme-framework": Placing(is_public=_always),
    "report": Placing(_of_project, lambda each: each.state == "published"),
    "evaluation": Placing(_of_project, lambda each: each.state in SHOWN_EVALUATIONS),
    "evaluation-policy": Placing(is_public=_always),
    "training": Placing(_of_training, _always),
    "publication": Placing(_of_publication, _always),
    "period-lock": Placing(_of_project),
    "alert": Placing(_of_alert),
}
"""What belongs to a project is published with it: not before its activity is (``shared/chassis/scoping.py``)."""


def may_see(permit: Permit, document: Contract) -> bool:
    """Tell whether a permit lets see a document of its resource, by where the document says that it belongs."""
    placing = placing_of(permit.resource)
    return permit.sees(placing.place(document), is_public=placing.is_public(document))


def placing_of(resource: str) -> Placing[Any]:
    """Return where documents of a resource belong."""
    return PLACING.get(resource, Placing())
