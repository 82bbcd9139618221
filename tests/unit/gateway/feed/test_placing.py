"""What a version tells of itself is read from as little as it takes, and is what its whole contract tells."""

from uuid import uuid4

import pytest

from gateway.projection.events import Event
from gateway.projection.placing import told_columns
from shared.chassis.scoping import placed, project_ids
from shared.contracts.base import Contract
from shared.contracts.catalog import ALL
from shared.contracts.funding.v1 import Partner, RateSheet
from shared.contracts.iati import Narrative
from shared.contracts.monitoring.v1 import ResultsFramework
from shared.contracts.projects.v1 import CriteriaSet, Proposal
from shared.policy.placing import PLACING, placing_of
from shared.testing.mission import MISSION
from shared.testing.programming import PROGRAMMING
from shared.testing.proposals import criteria_set, proposal
from shared.testing.read_models import MOMENT
from tests.component.gateway.feeds import activity, finance

KINDS = {(facts.created.owner, facts.created.aggregate): facts.created for facts in ALL}
PARTNER = Partner(organisation_identifier="SE-0", names=(Narrative(text="Sida"),))
NAMED: dict[str, tuple[str, Contract]] = {
    "projects.activity": ("P-1", activity("P-1", countries=["KE"], partners=["SE-0"])),
    "projects.proposal": ("PP-1", Proposal.model_validate(proposal("PP-1"))),
    "projects.criteria-set": ("evaluability/1", CriteriaSet.model_validate(criteria_set())),
    "funding.finance": ("P-1", finance("P-1")),
    "funding.partner": ("SE-0", PARTNER),
    "funding.rates": ("ECB/2024-05", RateSheet(source="ECB", kind="ecb-daily", base="EUR", month="2024-05")),
    "monitoring.framework": ("P-1", ResultsFramework(iati_identifier="P-1")),
}
SAMPLES = {name.rsplit(".", 1)[0]: document for name, document in {**MISSION, **PROGRAMMING}.items()}


@pytest.mark.parametrize("name", sorted(f"{owner}.{noun}" for owner, noun in KINDS))
def test_a_version_tells_its_name_and_place(name: str):
    owner, noun = name.split(".")
    identifier, document = NAMED.get(name) or (None, SAMPLES[name])
    told = told_columns(
        Event(
            *(noun, uuid4(), 1, owner, 1, MOMENT, "tests", None, document.to_json()),
            *(uuid4(), KINDS[owner, noun].name, MOMENT),
        )
    )
    place = placing_of(noun).place(document)
    expected = {**placed(placing_of(noun), document), "place_projects": sorted(place.projects)}
    assert {**told, "identifier": None} == {**expected, "identifier": None}
    assert told["identifier"] == (identifier or told["identifier"])
    assert len(project_ids(place)) == len(told["place_projects"])
    assert noun in PLACING or not any((told["place_countries"], told["place_projects"], told["is_public"]))
