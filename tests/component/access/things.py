"""Real documents of every aggregate, each with the place that it has by the policy: what the matrix asks for.

There are two activities, one that is published and one that is not, and what belongs to either.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import httpx

from shared.contracts.projects.v1 import Activity
from shared.policy.places import OFFICE, Place
from shared.policy.placing import is_published, place_of_activity, placing_of
from shared.testing import monitoring, partnerships, workplans
from shared.testing import proposals as programme
from shared.testing.documents import ACTIVITY, FINANCE, PARTNER
from shared.testing.mission import MISSION
from shared.testing.programming import PROGRAMMING
from shared.testing.streams import await_copied, await_published
from tests.component.access.contracts import contract_of

Body = dict[str, Any]
Steps = tuple[tuple[str, Body], ...]

COUNTRY, PARTICIPANT = "KE", "XM-TEST-PARTICIPANT"
SHOWN, HIDDEN = "XM-TEST-SHOWN", "XM-TEST-HIDDEN"
BIENNIUM = programme.BIENNIUM
ALLOCATION, RECOMMENDATION, FOLLOW_UP = "A1", "R1", "F1"
TEXT = [{"text": "So it is"}]


@dataclass(frozen=True, slots=True)
class Thing:
    """A stored document: as it was sent, and where it belongs and whether it is published as it is stored."""

    resource: str
    path: str
    identifier: str
    member: str
    sent: Body
    steps: Steps = ()
    place: Place = OFFICE
    is_public: bool = False

    @property
    def address(self) -> str:
        """Return the path of the document, its identifier encoded as one segment."""
        return f"/v1/{self.path}/{quote(self.identifier, safe='')}"

    def placed(self, document: Body, **changes: Any) -> "Thing":
        """Return it with its place as a document of it tells."""
        place, is_public = _place(self.resource, document)
        return replace(self, place=place, is_public=is_public, **changes)


def activity(identifier: str, status: str) -> Body:
    return ACTIVITY.document(
        identifier,
        status=status,
        recipient_countries=[{"code": COUNTRY, "percentage": "100"}],
        participating_organisations=[{"ref": PARTICIPANT, "role": "1"}],
    )


_ACTIVITIES = {each["iati_identifier"]: each for each in (activity(SHOWN, "2"), activity(HIDDEN, "1"))}


def _place(resource: str, document: Body) -> tuple[Place, bool]:
    """Return where a document belongs by the policy, with what it has of its project, and whether everybody may see it."""
    told = contract_of(resource).model_validate(document)
    place, is_public = placing_of(resource).place(told), placing_of(resource).is_public(told)
    if resource == "activity" or not place.projects:
        return place, is_public
    about = [Activity.model_validate(_ACTIVITIES[name]) for name in place.projects]
    for each in map(place_of_activity, about):
        place = replace(
            place,
            countries=place.countries | each.countries,
            organisations=place.organisations | each.organisations,
        )
    return place, is_public and any(map(is_published, about))


def _thing(resource: str, path: str, member: str, sent: Body, *steps: tuple[str, Body]) -> Thing:
    return Thing(resource, path, str(sent[member]), member, sent, steps)


def _versioned(resource: str, path: str, sent: Body, second: str = "version") -> Thing:
    """Return a thing that is named by its code and a second member."""
    return Thing(resource, path, f"{sent['code']}/{sent[second]}", "code", sent)


def _model(name: str, **members: Any) -> Body:
    known = {**MISSION, **PROGRAMMING}[name]
    return {**known.model_dump(mode="json", exclude_defaults=True), **members}


def _step(action: str, by: str = "clerk") -> tuple[str, Body]:
    return "actions", {"action": action, "by": by}


def of_projects() -> list[Thing]:
    drafted = {"code": "DRAFT-KEN", "status": "draft"}
    return [
        *(_thing("activity", "activities", "iati_identifier", each) for each in _ACTIVITIES.values()),
        _thing("programme-budget", "programme-budgets", "biennium", programme.programme_budget()),
        _thing("country-programme", "country-programmes", "code", programme.country_programme()),
        _thing("country-programme", "country-programmes", "code", programme.country_programme(**drafted)),
        _thing("development-agenda", "development-agendas", "code", _model("projects.development-agenda.v1")),
        _thing("fragility-list", "fragility-lists", "edition", _model("projects.fragility-list.v1")),
        _thing("field-office", "field-offices", "code", _model("projects.field-office.v1")),
        _versioned("criteria-set", "criteria-sets", programme.criteria_set()),
        _thing("proposal", "proposals", "identifier", programme.proposal("XM-TEST-PROPOSAL")),
    ]


def of_funding() -> list[Thing]:
    scope = {"scope": {"countries": [COUNTRY]}}
    allocated = ("allocations", allocation(ALLOCATION))
    agreement = partnerships.agreement("XM-TEST-AGREEMENT", **scope)
    rule, scenario = workplans.priority_rule(), workplans.scenario("XM-TEST-SCENARIO", BIENNIUM)
    return [
        *(_thing("finance", "finances", "iati_identifier", FINANCE.document(name)) for name in _ACTIVITIES),
        _thing("partner", "partners", "organisation_identifier", PARTNER.document(partnerships.DONOR)),
        Thing("rates", "exchange-rates", "ECB/2026-01", "source", rates()),
        _thing(
            "partner-profile",
            "partner-profiles",
            "organisation_identifier",
            _model("funding.partner-profile.v1"),
        ),
        _thing("agreement", "agreements", "number", agreement, _step("sign"), _step("activate"), allocated),
        Thing("pool", "pools", f"RBSA/{BIENNIUM}", "code", partnerships.pool("RBSA", BIENNIUM), (allocated,)),
        _thing("pledge", "pledges", "identifier", partnerships.pledge("XM-TEST-PLEDGE", **scope)),
        Thing(
            "mobilisation-target",
            "mobilisation-targets",
            f"{BIENNIUM}/ALL",
            "code",
            partnerships.target("ALL"),
        ),
        Thing("workplan", "workplans", f"{BIENNIUM}/3", "outcome", workplans.workplan(BIENNIUM)),
        _versioned("priority-rule", "priority-rules", rule),
        _thing("scenario", "scenarios", "identifier", scenario),
    ]


def allocation(code: str) -> Body:
    outcome = {"programme": programme.PROGRAMME, "code": programme.COUNTRY_OUTCOME}
    return partnerships.allocation(code, "1", country_outcome=outcome)


def rates() -> Body:
    rate = {"currency": "USD", "date": "2026-01-02", "rate": "1.25"}
    return {"source": "ECB", "kind": "donor", "base": "EUR", "month": "2026-01", "rates": [rate]}


def of_monitoring() -> list[Thing]:
    published = [_step("submit"), _step("validate", "m.manager"), _step("publish")]
    response = {"recommendation": RECOMMENDATION, "decision": "accepted", "narratives": TEXT, "by": "boss"}
    due = {"code": FOLLOW_UP, "narratives": TEXT, "responsible": "unit", "due_on": "2031-12-31"}
    completed = [
        _step("begin"),
        _step("complete"),
        ("responses", response),
        _step("respond"),
        ("follow-ups", {"recommendation": RECOMMENDATION, "follow_up": due}),
    ]
    earlier = {
        "period_start": "2024-01-01",
        "period_end": "2024-12-31",
        "actuals": [monitoring.actual(of_period=1)],
    }
    link = {"type": "supporting", "programme_outcome": {"biennium": BIENNIUM, "code": "3"}}
    return [
        *(
            _thing("framework", "frameworks", "iati_identifier", monitoring.framework(name))
            for name in _ACTIVITIES
        ),
        *(
            _thing(
                "contributions",
                "contributions",
                "iati_identifier",
                {"iati_identifier": name, "links": [link]},
            )
            for name in _ACTIVITIES
        ),
        Thing(
            "programme-framework", "programme-frameworks", f"programme-budget/{BIENNIUM}", "programme", plan()
        ),
        _thing("report", "reports", "identifier", monitoring.report("DRAFT", SHOWN, **earlier)),
        _thing("report", "reports", "identifier", monitoring.report("PUBLISHED", SHOWN), *published),
        _thing("evaluation", "evaluations", "identifier", evaluation("COMPLETED", SHOWN), *completed),
        _thing("evaluation", "evaluations", "identifier", evaluation("COMPLETED-TOO", HIDDEN), *completed),
        _versioned("evaluation-policy", "evaluation-policies", _model("monitoring.evaluation-policy.v1")),
        _thing("training", "trainings", "identifier", training("TRAINED", SHOWN)),
        _thing("training", "trainings", "identifier", training("TO-BE-TRAINED", HIDDEN)),
        _thing("publication", "publications", "identifier", publication("PRINTED", SHOWN)),
        _thing("publication", "publications", "identifier", publication("TO-BE-PRINTED", HIDDEN)),
        _thing("period-lock", "period-locks", "identifier", monitoring.lock("LOCK", iati_identifier=HIDDEN)),
    ]


def plan() -> Body:
    return {"level": "programme-budget", "programme": BIENNIUM, "outcomes": [{"code": "3"}]}


def evaluation(identifier: str, activity: str) -> Body:
    return {
        "identifier": identifier,
        "iati_identifier": activity,
        "kind": "independent",
        "timing": "final",
        "due_on": "2031-06-30",
        "evaluators": ["e.valuator"],
        "findings": [{"code": "1", "narratives": TEXT}],
        "recommendations": [{"code": RECOMMENDATION, "narratives": TEXT, "priority": "high"}],
    }


def training(identifier: str, activity: str) -> Body:
    told = {"identifier": identifier, "country": COUNTRY, "activities": [activity], "programme_outcomes": []}
    return _model("monitoring.training.v1", **told)


def publication(identifier: str, activity: str) -> Body:
    return _model(
        "monitoring.publication.v1", identifier=identifier, activities=[activity], country_outcomes=[]
    )


OF_OWNERS: Mapping[str, Callable[[], list[Thing]]] = {
    "projects": of_projects,
    "funding": of_funding,
    "monitoring": of_monitoring,
}


async def load(clients: Mapping[str, httpx.AsyncClient]) -> dict[str, list[Thing]]:
    """Store the documents of every owner, and return them with their places as they are stored."""
    loaded: dict[str, list[Thing]] = {}
    for owner, things in OF_OWNERS.items():
        loaded[owner] = [await _store(clients[owner], thing) for thing in things()]
        await await_published(clients[owner])
        for other in set(clients) - {"projects", "gateway"}:
            await await_copied(clients[other], owner)
    return loaded


async def _store(client: httpx.AsyncClient, thing: Thing) -> Thing:
    if thing.resource == "scenario":
        answer = await client.post(f"/v1/{thing.path}", json=thing.sent)
    else:
        answer = await client.put(thing.address, json=thing.sent)
    assert answer.status_code == httpx.codes.CREATED, (thing.identifier, answer.text)
    for below, body in thing.steps:
        answer = await client.post(f"{thing.address}/{below}", json=body)
        assert answer.is_success, (thing.identifier, below, answer.text)
    stored = await client.get(thing.address)
    assert stored.status_code == httpx.codes.OK, stored.text
    return thing.placed(stored.json()["document"])
