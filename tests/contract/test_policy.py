"""The page of the policy: as the policy says, and true where it says something in words."""

import re

import pytest

from deploy import policy_page, snapshots
from services.funding.main import SERVICE as FUNDING
from services.monitoring.main import SERVICE as MONITORING
from services.projects.main import SERVICE as PROJECTS
from shared.contracts.alerts import Alert
from shared.contracts.base import Contract
from shared.contracts.projects.v1 import Activity, Proposal
from shared.contracts.snapshots import ROOT
from shared.policy.grants import Role
from shared.policy.places import Place
from shared.policy.placing import PLACING
from shared.policy.table import POLICY
from shared.testing.documents import ACTIVITY, FINANCE, FRAMEWORK, PARTNER
from shared.testing.mission import MISSION
from shared.testing.programming import PROGRAMMING
from shared.testing.proposals import criteria_set, proposal

DIMENSIONS = ("countries", "organisations", "projects")
CONTRACTS = {
    aggregate.noun: aggregate.contract
    for service in (PROJECTS, FUNDING, MONITORING)
    for aggregate in service.aggregates
}
STATES_OF_PLACES = {"proposal": ("approved", "draft"), "agreement": ("signed", "draft")}
"""States in which a document belongs to the organisations too, and in which it does not."""


def sample(resource: str) -> Contract:
    """Return a document that belongs to as much as one of its kind can belong to."""
    told = {name.split(".")[1]: document for name, document in {**MISSION, **PROGRAMMING}.items()}
    lock = told["period-lock"].model_copy(update={"iati_identifier": "P-1"})
    agreement = told["agreement"].model_copy(update={"state": "signed"})
    pledge = told["pledge"].model_copy(update={"scope": told["agreement"].scope})
    alert = told["alert"].model_copy(update={"partners": ("SE-0",), "activities": ("P-1",)})
    made = {
        "activity": Activity.model_validate(
            ACTIVITY.document(
                "P-1",
                recipient_countries=[{"code": "KE", "percentage": "100"}],
                participating_organisations=[{"ref": "SE-0", "role": "1"}],
            )
        ),
        "finance": CONTRACTS["finance"].model_validate(FINANCE.document("P-1")),
        "framework": CONTRACTS["framework"].model_validate(FRAMEWORK.document("P-1")),
        "partner": CONTRACTS["partner"].model_validate(PARTNER.document("SE-0")),
        "proposal": Proposal.model_validate(proposal("PP-1")).model_copy(update={"state": "approved"}),
        "criteria-set": CONTRACTS["criteria-set"].model_validate(criteria_set()),
        "period-lock": lock,
        "agreement": agreement,
        "pledge": pledge,
        "alert": Alert.model_validate(alert.model_dump()),
    }
    return made.get(resource) or told[resource]


def dimensions(place: Place) -> set[str]:
    return {name for name in DIMENSIONS if getattr(place, name)}


def test_the_page_is_as_committed():
    committed = (ROOT / policy_page.PAGE).read_text(encoding="utf-8")
    assert committed == policy_page.text(), f"run `{snapshots.COMMAND}` and look at what changed"
    assert snapshots.generate()[policy_page.PAGE] == policy_page.text()


def test_every_role_is_told_in_words():
    assert set(policy_page.ROLES) == set(Role)


def test_every_place_is_told_in_words():
    assert set(policy_page.BELONGINGS) == set(PLACING)


def test_every_rule_has_a_row_under_a_heading():
    resources = list(dict.fromkeys(rule.resource for rule in POLICY))
    assert set(policy_page.FAMILIES) <= set(resources)
    rules = policy_page.text().split("## Rules")[1].split("## Members")[0]
    told = {
        (resource, action)
        for resource, actions in re.findall(r"^\| `([a-z-]+)` \| ([a-z, -]+) \|", rules, re.MULTILINE)
        for action in actions.split(", ")
    }
    assert told == {(rule.resource, rule.action) for rule in POLICY}


def test_a_mark_tells_the_rule():
    lines = policy_page.text().splitlines()
    (row,) = (line for line in lines if line.startswith("| `proposal` | appraise, "))
    marks = [cell.strip() for cell in row.split("|")][3:12]
    assert dict(zip(Role, marks, strict=True)) == {
        role: policy_page.OWN if role is Role.APPRAISER else policy_page.NEVER for role in Role
    }


@pytest.mark.parametrize("resource", sorted(set(PLACING) - {"rates"}))
def test_the_words_about_places_name_the_dimensions(resource: str):
    words = policy_page.BELONGINGS[resource]
    told = {name for name in DIMENSIONS if getattr(words, name)}
    assert dimensions(PLACING[resource].place(sample(resource))) == told


@pytest.mark.parametrize("resource", STATES_OF_PLACES)
def test_organisations_belong_to_it_once_they_are_shown_it(resource: str):
    shown, hidden = STATES_OF_PLACES[resource]
    place = PLACING[resource].place
    document = sample(resource)
    assert "organisations" in dimensions(place(document.model_copy(update={"state": shown})))
    assert "organisations" not in dimensions(place(document.model_copy(update={"state": hidden})))


@pytest.mark.parametrize("resource", sorted(set(PLACING) - {"rates"}))
def test_the_words_about_publication_name_the_states(resource: str):
    words, is_public = policy_page.BELONGINGS[resource].published, PLACING[resource].is_public
    document = sample(resource)
    states = set(re.findall(r"`([a-z-]+)`", words)) - {"state", "status"}
    field = next((name for name in ("state", "status") if f"`{name}`" in words), None)
    if field is None:
        assert is_public(document) == (words != "never")
        return
    told = CONTRACTS[resource].model_json_schema()["properties"][field]
    for value in ["1", "2", "6"] if resource == "activity" else told["enum"]:
        expected = value != "1" if resource == "activity" else (value in states) != ("no longer" in words)
        assert is_public(document.model_copy(update={field: value})) == expected, (resource, value)
